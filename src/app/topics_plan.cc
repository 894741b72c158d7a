#include "app/topics_plan.h"

#include <algorithm>

#include "loom/json.h"

namespace loom::app {
namespace {

using Kind = TopicChange::Kind;

constexpr int most_replicas = 3;

int wanted_replication(const model::TopicSpec& spec, int brokers) {
  return spec.replication.value_or(std::clamp(brokers, 1, most_replicas));
}

/// The insync minimum follows the replicas that are really there.
Settings wanted_settings(const model::TopicSpec& spec, int replication) {
  Settings settings{
      {"min.insync.replicas", std::to_string(spec.min_insync.value_or(std::max(1, replication - 1)))},
      {"unclean.leader.election.enable", "false"},
      {"retention.ms", std::to_string(spec.retention.count())},
      // Enforced by the broker, so that a foreign producer's choice never reaches a reader that lacks the codec.
      {"compression.type", spec.compression == "none" ? "uncompressed" : spec.compression},
      {"max.message.bytes", std::to_string(spec.max_message_bytes.count)},
  };
  for (const auto& [name, value] : spec.properties) settings[name] = value;
  return settings;
}

TopicChange note_of(const TopicName& topic, std::string text) {
  TopicChange change{Kind::note, topic};
  change.note = std::move(text);
  return change;
}

TopicChange creation_of(const model::TopicSpec& spec, int brokers) {
  TopicChange change{Kind::create, spec.name};
  change.partitions = spec.partitions;
  change.replication = wanted_replication(spec, brokers);
  change.settings = wanted_settings(spec, change.replication);
  return change;
}

void compare_partitions(const model::TopicSpec& spec, const kafka::TopicInfo& found, std::vector<TopicChange>& to) {
  if (found.partitions < spec.partitions) {
    TopicChange change{Kind::add_partitions, spec.name};
    change.partitions = spec.partitions;
    change.partitions_before = found.partitions;
    to.push_back(change);
  } else if (found.partitions > spec.partitions) {
    to.push_back(note_of(spec.name, "has " + std::to_string(found.partitions) + " partitions, the catalogue says " +
                                        std::to_string(spec.partitions) +
                                        "; Kafka can't take partitions away: set topics." + spec.name.get() +
                                        ".partitions to " + std::to_string(found.partitions)));
  }
}

void compare_replication(const model::TopicSpec& spec, const kafka::TopicInfo& found, int brokers,
                         std::vector<TopicChange>& to) {
  auto wanted = wanted_replication(spec, brokers);
  if (found.replication == wanted || found.replication == 0) return;
  to.push_back(note_of(spec.name, "has " + std::to_string(found.replication) + " replicas, wanted are " +
                                      std::to_string(wanted) +
                                      "; reassign its partitions with Kafka's own tools, or set topics." +
                                      spec.name.get() + ".replication to " + std::to_string(found.replication)));
}

void compare_settings(const model::TopicSpec& spec, const kafka::TopicInfo& found, int brokers,
                      std::vector<TopicChange>& to) {
  TopicChange change{Kind::set, spec.name};
  auto replication = found.replication > 0 ? found.replication : wanted_replication(spec, brokers);
  for (const auto& [name, value] : wanted_settings(spec, replication)) {
    auto present = found.settings.find(name);
    if (present != found.settings.end() && present->second == value) continue;
    change.settings[name] = value;
    if (present != found.settings.end()) change.settings_before[name] = present->second;
  }
  if (!change.settings.empty()) to.push_back(change);
}

std::string text_of(const TopicChange& change) {
  std::string text;
  for (const auto& [name, value] : change.settings) {
    auto before = change.settings_before.find(name);
    text += " " + name + "=" + value + (before == change.settings_before.end() ? "" : " (was " + before->second + ")");
  }
  return text;
}

std::string json_of(const Settings& settings) {
  json::Writer all;
  for (const auto& [name, value] : settings) all.field(name, value);
  return all.text();
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::create:
      return "create";
    case Kind::set:
      return "set";
    case Kind::add_partitions:
      return "add_partitions";
    case Kind::note:
      break;
  }
  return "note";
}

TopicsPlan plan_topics(const model::Catalogue& catalogue, const std::map<TopicName, kafka::TopicInfo>& existing,
                       int brokers) {
  TopicsPlan plan;
  for (const auto& [name, spec] : catalogue.topics) {
    auto found = existing.find(name);
    if (found == existing.end()) {
      plan.changes.push_back(creation_of(spec, brokers));
      continue;
    }
    compare_settings(spec, found->second, brokers, plan.changes);
    compare_partitions(spec, found->second, plan.changes);
    compare_replication(spec, found->second, brokers, plan.changes);
  }
  return plan;
}

std::string describe(const TopicChange& change) {
  auto topic = "topic '" + change.topic.get() + "'";
  switch (change.kind) {
    case Kind::create:
      return "create " + topic + ": partitions=" + std::to_string(change.partitions) +
             " replication=" + std::to_string(change.replication) + text_of(change);
    case Kind::set:
      return "set " + topic + ":" + text_of(change);
    case Kind::add_partitions:
      return "add partitions to " + topic + ": " + std::to_string(change.partitions_before) + " to " +
             std::to_string(change.partitions) + ", which moves keys (--allow-reorder)";
    case Kind::note:
      break;
  }
  return "note " + topic + ": " + change.note;
}

std::vector<std::string> describe(const TopicsPlan& plan) {
  std::vector<std::string> lines;
  for (const auto& change : plan.changes) lines.push_back(describe(change));
  return lines;
}

std::string to_json(const TopicChange& change) {
  json::Writer all;
  all.field("topic", change.topic.get()).field("change", name_of(change.kind));
  switch (change.kind) {
    case Kind::create:
      all.field("partitions", change.partitions).field("replication", change.replication);
      break;
    case Kind::add_partitions:
      all.field("partitions", change.partitions).field("partitions_before", change.partitions_before);
      break;
    case Kind::note:
      all.field("note", change.note);
      break;
    case Kind::set:
      break;
  }
  if (!change.settings.empty()) all.raw("settings", json_of(change.settings));
  if (!change.settings_before.empty()) all.raw("settings_before", json_of(change.settings_before));
  return all.text();
}

}  // namespace loom::app
