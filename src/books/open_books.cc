#include "books/open_books.h"

#include <algorithm>

#include "base/clock.h"
#include "sink/sql_text.h"

namespace loom::books {
namespace {

using namespace std::chrono_literals;

constexpr auto wait = 10s;
constexpr std::int64_t clock_skew_ms = 600'000;  // a trace may be stamped so much earlier than what it is of

using Topics = std::map<TopicName, kafka::TopicInfo>;

class Opening {
 public:
  Opening(const Sources& sources, const Plan& plan, const Period& period)
      : it_(sources), plan_(plan), period_(period) {}

  Result<OpenedBooks> run() {
    books_.scene.plan = &plan_;
    books_.scene.topics.resize(plan_.topics.size());
    books_.scene.hops.resize(plan_.hops.size());
    books_.is_there.resize(plan_.topics.size());
    Result<void> done = look_at_cluster();
    if (done) done = look_at_groups();
    if (done) done = look_at_database();
    books_.scene.taken_ms = now_micros() / 1000;
    if (done) done = look_at_ends();
    if (done) done = choose_ranges();
    if (done) done = look_at_horizons();
    if (!done) return tl::unexpected(done.error());
    return std::move(books_);
  }

 private:
  Result<void> look_at_cluster();
  Result<void> look_at_groups();
  Result<void> look_at_database();
  Result<void> look_at_ends();
  Result<void> choose_ranges();
  Result<void> look_at_horizons();
  Result<std::map<Spot, std::int64_t>> first_times();

  void set_next(std::size_t hop, std::int32_t partition, std::int64_t next) {
    auto& all = books_.scene.hops[hop].next;
    auto index = static_cast<std::size_t>(partition);
    if (all.size() <= index) all.resize(index + 1);
    all[index] = next;
  }
  [[nodiscard]] std::vector<model::TopicPartition> partitions() const {
    std::vector<model::TopicPartition> all;
    for (std::size_t topic = 0; topic < plan_.topics.size(); ++topic)
      for (std::size_t i = 0; i < books_.scene.topics[topic].size(); ++i)
        all.push_back({plan_.topics[topic], Partition{static_cast<std::int32_t>(i)}});
    return all;
  }
  [[nodiscard]] PartitionRange& range(const model::TopicPartition& partition) {
    return books_.scene.topics[plan_.topic(partition.topic.get())][static_cast<std::size_t>(partition.partition.get())];
  }

  const Sources& it_;
  const Plan& plan_;
  const Period& period_;
  OpenedBooks books_;
  Topics topics_;
};

Result<void> Opening::look_at_cluster() {
  auto cluster = it_.admin.cluster(wait);
  if (!cluster) return tl::unexpected(cluster.error());
  books_.cluster_id = cluster->cluster_id;
  auto topics = it_.admin.topics(plan_.topics, wait);
  if (!topics) return tl::unexpected(topics.error());
  topics_ = std::move(*topics);
  for (const auto& [name, info] : topics_) {
    books_.scene.topics[plan_.topic(name.get())].resize(static_cast<std::size_t>(info.partitions));
    books_.is_there[plan_.topic(name.get())] = true;
  }
  return {};
}

Result<void> Opening::look_at_groups() {
  for (std::size_t group = 0; group < plan_.groups.size(); ++group) {
    auto committed = it_.admin.committed(plan_.groups[group], wait);
    if (!committed) return tl::unexpected(committed.error());
    for (std::size_t i = 0; i < plan_.hops.size(); ++i) {
      const auto& hop = plan_.hops[i];
      if (hop.group != group || hop.is_sink) continue;  // the sink's offsets lie in the database
      for (const auto& [partition, next] : *committed)
        if (partition.topic == plan_.topics[hop.input]) set_next(i, partition.partition.get(), next.get());
    }
  }
  if (plan_.groups.empty()) return {};
  auto infos = it_.admin.groups(plan_.groups, wait);
  if (!infos) return tl::unexpected(infos.error());
  for (const auto& info : *infos)
    for (std::size_t i = 0; i < plan_.hops.size(); ++i)
      if (plan_.groups[plan_.hops[i].group] == info.name) {
        books_.scene.hops[i].has_members = !info.members.empty();
        books_.scene.hops[i].is_foreign = std::any_of(info.members.begin(), info.members.end(), [&](const auto& one) {
          return one.client_id != it_.catalogue.kafka.client_id;
        });
      }
  return {};
}

Result<void> Opening::look_at_database() {
  if (!it_.database) return {};
  for (std::size_t i = 0; i < plan_.hops.size(); ++i) {
    const auto& hop = plan_.hops[i];
    auto info = topics_.find(plan_.topics[hop.input]);
    if (!hop.is_sink || info == topics_.end()) continue;
    auto rows = it_.database->query("SELECT kafka_partition, next_offset FROM loom_offsets WHERE consumer_group = " +
                                    sink::quoted_text(plan_.groups[hop.group].get()) +
                                    " AND cluster_id = " + sink::quoted_text(books_.cluster_id) +
                                    " AND topic = " + sink::quoted_text(plan_.topics[hop.input].get()) +
                                    " AND topic_id = " + sink::quoted_text(info->second.id));
    if (!rows && rows.error().kind == ErrorKind::schema) return {};  // no sink has ever run
    if (!rows) return tl::unexpected(rows.error());
    for (const auto& row : rows->rows) set_next(i, std::stoi(row[0].value_or("0")), std::stoll(row[1].value_or("0")));
  }
  return {};
}

Result<void> Opening::look_at_ends() {
  auto marks = it_.admin.watermarks(partitions(), wait);
  if (!marks) return tl::unexpected(marks.error());
  for (const auto& [partition, mark] : *marks) {
    auto low = mark.low.get(), high = mark.high.get();
    range(partition) = {low, low, high, low, high};
  }
  return {};
}

Result<void> Opening::choose_ranges() {
  auto all = partitions();
  auto at = [&](std::int64_t ms, auto set) -> Result<void> {
    auto offsets = it_.admin.offsets_at(all, ms, wait);
    if (!offsets) return tl::unexpected(offsets.error());
    for (const auto& [partition, offset] : *offsets) {
      auto& one = range(partition);
      set(one, std::clamp(offset.get(), one.low, one.end));
    }
    return {};
  };
  if (period_.since_ms) {
    auto set = at(*period_.since_ms, [](PartitionRange& one, std::int64_t offset) { one.from = offset; });
    if (set)
      set = at(*period_.since_ms - clock_skew_ms,
               [](PartitionRange& one, std::int64_t offset) { one.read_from = std::min(offset, one.from); });
    if (!set) return set;
  }
  if (period_.until_ms) {
    auto set = at(*period_.until_ms, [](PartitionRange& one, std::int64_t offset) { one.until = offset; });
    if (!set) return set;
  }
  return {};
}

/// When the first record that is left was written, of partitions of traces that have lost some.
Result<std::map<Spot, std::int64_t>> Opening::first_times() {
  std::map<Spot, std::int64_t> times;
  std::map<model::TopicPartition, kafka::Range> ranges;
  std::vector<bool> is_trace(plan_.topics.size());
  for (const auto& hop : plan_.hops)
    for (auto topic : {hop.output, hop.drops, hop.dead_letters})
      if (topic != nobody) is_trace[topic] = true;
  for (const auto& partition : partitions()) {
    auto topic = plan_.topic(partition.topic.get());
    const auto& one = range(partition);
    if (!is_trace[topic] || one.low == 0) continue;
    auto spec = it_.catalogue.topics.find(partition.topic);
    auto retention = spec == it_.catalogue.topics.end() ? 0 : spec->second.retention.count();
    times[{topic, partition.partition.get(), 0}] = books_.scene.taken_ms - std::max<std::int64_t>(retention, 0);
    if (one.low < one.end) ranges[partition] = {Offset{one.low}, Offset{one.end}};
  }
  if (ranges.empty()) return times;
  auto read = kafka::read(
      it_.catalogue.kafka, ranges,
      [&](const model::Record* record) {
        if (!record) return true;
        auto partition = record->topic_partition();
        if (ranges.erase(partition) == 0) return true;
        times[{plan_.topic(partition.topic.get()), partition.partition.get(), 0}] = record->timestamp_ms();
        return !ranges.empty();
      },
      it_.log);
  if (!read) return tl::unexpected(read.error());
  return times;
}

Result<void> Opening::look_at_horizons() {
  auto times = first_times();
  if (!times) return tl::unexpected(times.error());
  for (std::size_t i = 0; i < plan_.hops.size(); ++i)
    for (const auto& [spot, ms] : *times)
      if (const auto& hop = plan_.hops[i];
          spot.topic == hop.output || spot.topic == hop.drops || spot.topic == hop.dead_letters)
        books_.scene.hops[i].horizon_ms = std::max(books_.scene.hops[i].horizon_ms, ms);
  return {};
}

}  // namespace

Result<OpenedBooks> open_books(const Sources& sources, const Plan& plan, const Period& period) {
  return Opening(sources, plan, period).run();
}

std::map<model::TopicPartition, kafka::Range> ranges_of(const Scene& scene) {
  std::map<model::TopicPartition, kafka::Range> ranges;
  for (std::size_t topic = 0; topic < scene.topics.size(); ++topic)
    for (std::size_t i = 0; i < scene.topics[topic].size(); ++i) {
      const auto& one = scene.topics[topic][i];
      if (one.read_from < one.end)
        ranges[{scene.plan->topics[topic], Partition{static_cast<std::int32_t>(i)}}] = {Offset{one.read_from},
                                                                                       Offset{one.end}};
    }
  return ranges;
}

}  // namespace loom::books
