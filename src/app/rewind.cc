// loom rewind: a group reads again. A stage's place is what it has committed in Kafka; the sink's is its row in the
// database, moved by the compare-and-set that its own transactions use, and Kafka's offset follows for lag tools.
#include "books/rewind.h"

#include <cstdio>

#include "app/commands.h"
#include "app/group_of.h"
#include "books/ranges.h"
#include "loom/json.h"
#include "sink/database.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;
using books::RewindStep;
using Steps = std::vector<RewindStep>;

constexpr auto wait = 10s;

struct Rewinding {
  const Loaded& loaded;
  const model::StageSpec& stage;
  const RewindOptions& options;
  kafka::Admin& admin;
  std::unique_ptr<sink::Database> database{};  // of a sink
  sink::Owner owner{};
  std::map<TopicName, std::string> topic_ids{};

  [[nodiscard]] bool is_sink() const { return stage.use == "store"; }
  [[nodiscard]] sink::OffsetKey key_of(const model::TopicPartition& partition) const {
    return {partition, topic_ids.at(partition.topic)};
  }
};

Result<std::vector<TopicName>> topics_of(const Rewinding& it) {
  auto inputs = inputs_of(it.loaded, it.stage);
  if (it.options.topic.empty()) return inputs;
  std::vector<std::string> known;
  for (const auto& topic : inputs) known.push_back(topic.get());
  if (std::find(known.begin(), known.end(), it.options.topic) != known.end())
    return std::vector<TopicName>{TopicName{it.options.topic}};
  auto near = nearest(it.options.topic, known);
  return fail(ErrorKind::usage, "group '" + it.stage.group.get() + "' does not read topic '" + it.options.topic + "'",
              {.remedy = near.empty() ? "see its input or its mappings" : "did you mean '" + near + "'?"});
}

Result<void> open_database(Rewinding& it, const std::vector<TopicName>& topics, const Log& log) {
  auto cluster = it.admin.cluster(wait);
  if (!cluster) return tl::unexpected<Error>(cluster.error());
  it.owner = {it.stage.group, cluster->cluster_id};
  auto infos = it.admin.topics(topics, wait);
  if (!infos) return tl::unexpected<Error>(infos.error());
  for (const auto& [name, info] : *infos) it.topic_ids[name] = info.id;
  auto database = sink::open_database(it.loaded.catalogue.database.url, it.loaded.catalogue.folder, log);
  if (!database) return tl::unexpected<Error>(database.error());
  it.database = std::move(*database);
  return {};
}

Result<kafka::Offsets> stands(Rewinding& it, const std::vector<TopicName>& topics) {
  if (!it.is_sink()) return it.admin.committed(it.stage.group, wait);
  auto rows = it.database->read_offsets(it.owner, topics);
  if (!rows) return tl::unexpected<Error>(rows.error());
  kafka::Offsets offsets;
  for (const auto& row : *rows)
    if (auto id = it.topic_ids.find(row.key.partition.topic); id != it.topic_ids.end() && id->second == row.key.topic_id)
      offsets.emplace(row.key.partition, row.next);
  return offsets;
}

Result<kafka::Offsets> wanted(Rewinding& it, const std::map<model::TopicPartition, kafka::Watermarks>& marks,
                              const books::RewindTarget& target) {
  using Kind = books::RewindTarget::Kind;
  kafka::Offsets offsets;
  std::vector<model::TopicPartition> partitions;
  for (const auto& [partition, mark] : marks) {
    partitions.push_back(partition);
    offsets[partition] = target.kind == Kind::offset ? Offset{target.value} : mark.low;
  }
  return target.kind == Kind::time ? it.admin.offsets_at(partitions, target.value, wait) : offsets;
}

Result<Steps> plan(Rewinding& it, const books::RewindTarget& target, const Log& log) {
  auto topics = topics_of(it);
  if (!topics) return tl::unexpected<Error>(topics.error());
  auto partitions = books::partitions_of(it.admin, *topics);
  if (!partitions) return tl::unexpected<Error>(partitions.error());
  std::erase_if(*partitions, [&](const auto& one) {
    return it.options.partition >= 0 && one.partition.get() != it.options.partition;
  });
  if (partitions->empty())
    return fail(ErrorKind::not_found, "group '" + it.stage.group.get() + "' reads no such partition in the cluster",
                {.remedy = "see 'loom lag' for those there are"});
  if (it.is_sink())
    if (auto opened = open_database(it, *topics, log); !opened) return tl::unexpected<Error>(opened.error());
  auto marks = it.admin.watermarks(*partitions, wait);
  if (!marks) return tl::unexpected<Error>(marks.error());
  auto now = stands(it, *topics);
  if (!now) return tl::unexpected<Error>(now.error());
  auto then = wanted(it, *marks, target);
  if (!then) return tl::unexpected<Error>(then.error());
  return books::plan_rewind(*now, *marks, *then);
}

/// A member would go on where it stands, and commit that.
Result<void> check_members(Rewinding& it) {
  auto groups = it.admin.groups({it.stage.group}, wait);
  if (!groups) return tl::unexpected<Error>(groups.error());
  for (const auto& group : *groups)
    if (!group.members.empty())
      return fail(ErrorKind::conflict,
                  "group '" + it.stage.group.get() + "' has " + std::to_string(group.members.size()) +
                      " running members, which would go on where they are",
                  {.remedy = "stop them first (one that was killed counts until its session is over, 6 s by default)"});
  return {};
}

Result<void> move_rows(Rewinding& it, const Steps& steps) {
  sink::Batch batch{it.owner, {}, {}};
  for (const auto& step : steps)
    if (step.kind == RewindStep::Kind::moves) batch.offsets.push_back({it.key_of(step.partition), step.from, step.to});
  auto moved = it.database->write(batch, [](std::span<const sink::BadRow>) -> Result<void> { return {}; });
  if (!moved) return tl::unexpected<Error>(moved.error());
  if (std::holds_alternative<sink::Written>(*moved)) return {};
  return fail(ErrorKind::conflict, "a sink moved on meanwhile, nothing was rewound",
              {.remedy = "stop every member of the group, then try again"});
}

Result<void> carry_out(Rewinding& it, const Steps& steps) {
  kafka::Offsets next;
  for (const auto& step : steps)
    if (step.kind == RewindStep::Kind::moves) next.emplace(step.partition, step.to);
  if (next.empty()) return {};
  if (it.is_sink())
    if (auto moved = move_rows(it, steps); !moved) return moved;
  auto committed = it.admin.set_committed(it.stage.group, next, wait);
  if (committed || !it.is_sink()) return committed;
  std::fprintf(stderr, "loom: the sink is rewound; Kafka's own offsets, which lag tools read, are not: %s\n",
               to_string(committed.error()).c_str());
  return {};
}

std::string to_json(const Rewinding& it, const Steps& steps) {
  std::vector<std::string> partitions;
  std::int64_t records = 0;
  for (const auto& step : steps) {
    json::Writer one;
    one.field("topic", step.partition.topic.get()).field("partition", step.partition.partition.get());
    if (step.from) one.field("from", step.from->get());
    one.field("to", step.to.get()).field("records", step.records());
    partitions.push_back(one.text());
    records += step.records();
  }
  return json::Writer{}
      .field("group", it.stage.group.get())
      .field("dry_run", it.options.dry_run)
      .field("records", records)
      .raw("partitions", json::array_of(partitions))
      .text();
}

void print(const Rewinding& it, const Steps& steps) {
  std::int64_t records = 0;
  for (const auto& step : steps) {
    auto name = step.partition.topic.get() + "/" + std::to_string(step.partition.partition.get());
    records += step.records();
    if (step.kind == RewindStep::Kind::moves)
      std::printf("%-50s %lld → %lld\n", name.c_str(), static_cast<long long>(step.from->get()),
                  static_cast<long long>(step.to.get()));
    else if (step.kind == RewindStep::Kind::stays)
      std::printf("%-50s stays at %lld\n", name.c_str(), static_cast<long long>(step.to.get()));
    else
      std::printf("%-50s has not begun, starts at the earliest\n", name.c_str());
  }
  std::printf("group '%s' %s %lld records again\n", it.stage.group.get().c_str(),
              it.options.dry_run ? "would read" : "will read", static_cast<long long>(records));
}

Result<void> rewind(const Common& common, Rewinding& it, const Log& log) {
  auto target = books::target_of(it.options.to, now_micros());
  if (!target) return tl::unexpected<Error>(target.error());
  if (!it.options.dry_run)
    if (auto none = check_members(it); !none) return none;
  auto steps = plan(it, *target, log);
  if (!steps) return tl::unexpected<Error>(steps.error());
  if (!it.options.dry_run)
    if (auto done = carry_out(it, *steps); !done) return done;
  if (common.json)
    std::printf("%s\n", to_json(it, *steps).c_str());
  else
    print(it, *steps);
  return {};
}

}  // namespace

int rewind_command(const Common& common, const RewindOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  const auto* stage = loaded->catalogue.stage(options.group);
  if (!stage) return report(no_such_group(loaded->catalogue, options.group));
  auto log = tool_log(loaded->catalogue, "rewind");
  auto admin = kafka::Admin::open(loaded->catalogue.kafka, log);
  if (!admin) return report(admin.error());
  Rewinding it{*loaded, *stage, options, **admin};
  auto done = rewind(common, it, log);
  return done ? 0 : report(done.error());
}

}  // namespace loom::app
