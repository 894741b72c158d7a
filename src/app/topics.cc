#include "app/topics.h"

#include <chrono>
#include <cstdio>

#include "loom/json.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;
using Kind = TopicChange::Kind;

constexpr auto wait = 15s;

Result<TopicsPlan> plan_for(kafka::Admin& admin, const model::Catalogue& catalogue) {
  auto cluster = admin.cluster(wait);
  if (!cluster) return tl::unexpected(cluster.error());
  std::vector<TopicName> names;
  for (const auto& [name, topic] : catalogue.topics) names.push_back(name);
  auto existing = admin.topics(names, wait);
  if (!existing) return tl::unexpected(existing.error());
  return plan_topics(catalogue, *existing, cluster->brokers);
}

std::vector<kafka::NewTopic> new_topics(const TopicsPlan& plan) {
  std::vector<kafka::NewTopic> topics;
  for (const auto& change : plan.changes)
    if (change.kind == Kind::create)
      topics.push_back({change.topic, change.partitions, change.replication, change.settings});
  return topics;
}

/// Another process may create the same topics at this moment: an error counts only while some are still missing.
Result<void> create_missing(kafka::Admin& admin, const model::Catalogue& catalogue, const TopicsPlan& plan) {
  auto missing = new_topics(plan);
  for (int tries = 0; !missing.empty(); ++tries) {
    auto created = admin.create(missing, wait);
    if (created) return {};
    auto now = plan_for(admin, catalogue);
    if (!now) return tl::unexpected(now.error());
    auto left = new_topics(*now);
    if (!left.empty() && (left.size() == missing.size() || tries == 3)) return created;
    missing = std::move(left);
  }
  return {};
}

Result<void> apply_one(kafka::Admin& admin, const TopicChange& change) {
  if (change.kind == Kind::set) return admin.set(change.topic, change.settings, wait);
  return admin.add_partitions(change.topic, change.partitions, wait);
}

bool is_left_alone(const TopicChange& change, const TopicsOptions& options) {
  return change.kind == Kind::note || (change.kind == Kind::add_partitions && !options.allow_reorder);
}

void print(const AppliedTopics& applied) {
  for (const auto& change : applied.done) std::printf("done  %s\n", describe(change).c_str());
  for (const auto& change : applied.left) std::printf("left  %s\n", describe(change).c_str());
  for (const auto& note : applied.notes) std::printf("note  %s\n", note.c_str());
  if (applied.done.empty() && applied.left.empty()) std::printf("topics: nothing to do\n");
}

std::string to_json(const std::vector<TopicChange>& changes) {
  std::vector<std::string> all;
  for (const auto& change : changes) all.push_back(to_json(change));
  return json::array_of(all);
}

std::string quoted(const std::string& text) {
  std::string json;
  json::append_string(json, text);
  return json;
}

std::string to_json(const AppliedTopics& applied) {
  std::vector<std::string> notes;
  for (const auto& note : applied.notes) notes.push_back(quoted(note));
  return json::Writer{}
      .raw("done", to_json(applied.done))
      .raw("left", to_json(applied.left))
      .raw("notes", json::array_of(notes))
      .text();
}

int plan_and_print(kafka::Admin& admin, const model::Catalogue& catalogue, bool as_json) {
  auto plan = plan_for(admin, catalogue);
  if (!plan) return report(plan.error());
  if (as_json) {
    std::printf("%s\n", json::Writer{}.raw("changes", to_json(plan->changes)).text().c_str());
    return 0;
  }
  for (const auto& line : describe(*plan)) std::printf("%s\n", line.c_str());
  if (plan->changes.empty()) std::printf("topics: nothing to do\n");
  return 0;
}

}  // namespace

Result<AppliedTopics> apply_topics(kafka::Admin& admin, const model::Catalogue& catalogue,
                                   const TopicsOptions& options) {
  auto plan = plan_for(admin, catalogue);
  if (!plan) return tl::unexpected(plan.error());
  if (auto created = create_missing(admin, catalogue, *plan); !created) return tl::unexpected(created.error());
  AppliedTopics applied;
  for (const auto& change : plan->changes) {
    if (is_left_alone(change, options)) {
      applied.left.push_back(change);
      continue;
    }
    if (change.kind != Kind::create) {
      if (auto done = apply_one(admin, change); !done) return tl::unexpected(done.error());
    }
    applied.done.push_back(change);
  }
  return applied;
}

std::vector<std::string> apply_groups(kafka::Admin& admin, const model::Catalogue& catalogue) {
  const Settings settings{{"consumer.session.timeout.ms", "6000"}, {"consumer.heartbeat.interval.ms", "1000"}};
  for (const auto& [group, stage] : catalogue.stages) {
    auto set = admin.set_group(group, settings, 5s);
    // What the broker refuses for one group it refuses for all: its minimum, or its age.
    if (!set) return {"group '" + group.get() + "' keeps the broker's session timeout: " + set.error().message};
  }
  return {};
}

int topics_command(const Common& common, const TopicsOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto admin = kafka::Admin::open(loaded->catalogue.kafka, tool_log(loaded->catalogue, "topics"));
  if (!admin) return report(admin.error());
  if (!options.apply) return plan_and_print(**admin, loaded->catalogue, common.json);
  auto applied = apply_topics(**admin, loaded->catalogue, options);
  if (!applied) return report(applied.error());
  applied->notes = apply_groups(**admin, loaded->catalogue);
  if (common.json)
    std::printf("%s\n", to_json(*applied).c_str());
  else
    print(*applied);
  return 0;
}

}  // namespace loom::app
