#include <algorithm>

#include "model/catalogue_parts.h"
#include "model/mapping.h"
#include "model/reading.h"

namespace loom::model {
namespace {

using config::at_least;
using config::Options;

constexpr config::Bytes media_limit{8ULL << 20};
constexpr std::int64_t segment_days = 8LL * 24 * 3600 * 1000;  // ms: Kafka's seven, and one for its cleaner

struct TopicOptions {
  int partitions = TopicSpec{}.partitions;
  int replication = 0;
  int min_insync_replicas = 0;
  config::Milliseconds retention = TopicSpec{}.retention;
  std::string compression = TopicSpec{}.compression;
  config::Bytes max_message_bytes = TopicSpec{}.max_message_bytes;
  std::map<std::string, std::string> properties;
};

Options<TopicOptions> topic_options() {
  return Options<TopicOptions>("topics")
      .add("partitions", &TopicOptions::partitions, "how many members of a group can share it", at_least(1))
      .add("replication", &TopicOptions::replication, "copies; 0 = three, or as many as there are brokers", at_least(0))
      .add("min_insync_replicas", &TopicOptions::min_insync_replicas,
           "copies that must have a record before it is acknowledged; 0 = replication - 1, at least 1", at_least(0))
      .add("retention", &TopicOptions::retention, "how long records are kept, e.g. 7d, forever")
      .add("compression", &TopicOptions::compression, "none (every client reads it), gzip, lz4 or zstd",
           one_of({"none", "gzip", "lz4", "zstd"}))
      .add("max_message_bytes", &TopicOptions::max_message_bytes,
           "largest record; not given: 8MiB where a field is base64, a stage's output at least its input's, else this",
           at_least(1024))
      .add("properties", &TopicOptions::properties, "further settings of Kafka's topics, by their own names");
}

TopicSpec read_topic(const std::string& name, const config::Node& node, config::Faults& faults) {
  if (auto wrong = wrong_topic_name(name)) config::wrong_value(node, name, *wrong, faults);
  auto options = topic_options().read(node, faults);
  TopicSpec topic;
  topic.name = TopicName{name};
  topic.partitions = options.partitions;
  if (options.replication > 0) topic.replication = options.replication;
  if (options.min_insync_replicas > 0) topic.min_insync = options.min_insync_replicas;
  if (topic.replication && topic.min_insync && *topic.min_insync > *topic.replication)
    faults.fault(node["min_insync_replicas"].place(), node["min_insync_replicas"].path() + ": is more than replication",
                 "then nothing can ever be written; lower it");
  topic.retention = options.retention;
  topic.compression = options.compression;
  topic.max_message_bytes = options.max_message_bytes;
  topic.limit_given = node["max_message_bytes"].present();
  topic.properties = std::move(options.properties);
  topic.place = node.place();
  return topic;
}

TopicSpec& ensure(Catalogue& catalogue, const TopicName& name, const config::Place& place) {
  auto [found, added] = catalogue.topics.try_emplace(name);
  if (added) {
    found->second.name = name;
    found->second.place = place;
  }
  return found->second;
}

void widen(TopicSpec& topic, config::Bytes limit) {
  if (!topic.limit_given) topic.max_message_bytes = std::max(topic.max_message_bytes, limit);
}

/// A stage keeps the original data, so what it forwards is at least as large; once a stage, for chains in any order.
void widen_outputs(Catalogue& catalogue) {
  for (std::size_t round = 0; round < catalogue.stages.size(); ++round)
    for (const auto& [group, stage] : catalogue.stages)
      if (stage.input && stage.output)
        widen(catalogue.topics[*stage.output], catalogue.topics[*stage.input].max_message_bytes);
}

void add_dead_letters(Catalogue& catalogue, const StageSpec& stage, config::Bytes largest_input) {
  widen(ensure(catalogue, dead_letters_of(stage.group), stage.place), {largest_input.count + dead_letter_room});
  ensure(catalogue, drops_of(stage.group), stage.place);
}

/// A note about a letter must outlive it. Kafka deletes by segments, and a letter's may be as old as its newest record
/// allows: retention and the seven days after which a segment is closed.
void add_settled_letters(Catalogue& catalogue, const StageSpec& stage) {
  const auto& letters = ensure(catalogue, dead_letters_of(stage.group), stage.place);
  bool is_new = !catalogue.topics.contains(settled_letters());
  auto& notes = ensure(catalogue, settled_letters(), stage.place);
  if (is_new) notes.partitions = 1, notes.retention = {};
  auto needed = letters.retention.count() < 0 ? letters.retention
                                              : config::Milliseconds{letters.retention.count() + segment_days};
  bool is_for_ever = notes.retention.count() < 0;
  if (!is_for_ever && (needed.count() < 0 || needed > notes.retention)) notes.retention = needed;
}

}  // namespace

void read_topics(const config::Node& node, Catalogue& to, config::Faults& faults) {
  if (!is_section(node, faults)) return;
  for (const auto& [name, entry] : node.members()) {
    auto topic = read_topic(name, entry, faults);
    to.topics.emplace(topic.name, std::move(topic));
  }
}

void resolve_topics(Catalogue& catalogue) {
  for (const auto& [name, type] : catalogue.types) {
    if (type.topic.get().empty()) continue;  // a fault already
    auto& topic = ensure(catalogue, type.topic, type.place);
    if (type.carries_media()) widen(topic, media_limit);
  }
  for (const auto& [group, stage] : catalogue.stages) {
    if (stage.input) ensure(catalogue, *stage.input, stage.place);
    if (stage.output) ensure(catalogue, *stage.output, stage.place);
  }
  widen_outputs(catalogue);
  for (const auto& [group, stage] : catalogue.stages)
    add_dead_letters(catalogue, stage,
                     stage.input ? catalogue.topics[*stage.input].max_message_bytes : config::Bytes{});
  for (const auto& [group, stage] : catalogue.stages) add_settled_letters(catalogue, stage);
}

void add_mapped_topics(Catalogue& catalogue, const Mappings& mappings) {
  config::Bytes largest;
  for (const auto& [name, mapping] : mappings.topics)
    largest = std::max(largest, ensure(catalogue, name, mapping.place).max_message_bytes);
  if (const auto* store = catalogue.store()) add_dead_letters(catalogue, *store, largest);
}

void document_topics(Docs& docs) { docs.emplace_back("topics", without_environment(topic_options().docs())); }

}  // namespace loom::model
