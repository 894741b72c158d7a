#include "model/check.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "model/check_parts.h"

namespace loom::model {
namespace {

using config::Faults;

std::string quoted(const TopicName& topic) { return "'" + topic.get() + "'"; }
std::string named(const StageSpec& stage) { return "stages." + stage.group.get(); }

/// Who reads and who writes each topic, as far as the configuration knows.
struct Flow {
  std::set<TopicName> read, written;
  std::set<TopicName> named_anywhere;
};

Flow flow_of(const Catalogue& catalogue, const Mappings& mappings) {
  Flow flow;
  for (const auto& [name, type] : catalogue.types) flow.written.insert(type.topic);
  for (const auto& [group, stage] : catalogue.stages) {
    if (stage.input) flow.read.insert(*stage.input);
    if (stage.output) flow.written.insert(*stage.output);
    flow.written.insert(dead_letters_of(group));
    flow.written.insert(drops_of(group));
    flow.written.insert(settled_letters());
  }
  if (catalogue.store())
    for (const auto& [topic, mapping] : mappings.topics) flow.read.insert(topic);
  flow.named_anywhere = flow.written;
  flow.named_anywhere.insert(flow.read.begin(), flow.read.end());
  return flow;
}

void check_readers(const Catalogue& catalogue, const Flow& flow, Faults& faults) {
  const auto* remedy = "map it to a table, or make it a stage's input; leave it if a program of your own reads it";
  for (const auto& [name, type] : catalogue.types)
    if (!flow.read.contains(type.topic))
      faults.warn(type.place, "message_types." + name.get() + ": nothing here reads topic " + quoted(type.topic),
                  remedy);
  for (const auto& [group, stage] : catalogue.stages)
    if (stage.output && !flow.read.contains(*stage.output))
      faults.warn(stage.place, named(stage) + ": nothing here reads its output " + quoted(*stage.output), remedy);
}

void check_writers(const Catalogue& catalogue, const Mappings& mappings, const Flow& flow, Faults& faults) {
  std::vector<std::string> written;
  for (const auto& topic : flow.written) written.push_back(topic.get());
  auto remedy = [&](const TopicName& topic) {
    auto near = nearest(topic.get(), written);
    return near.empty() ? "leave it if a program of your own writes it" : "did you mean '" + near + "'?";
  };
  for (const auto& [topic, mapping] : mappings.topics)
    if (!flow.written.contains(topic))
      faults.warn(mapping.place, "topics." + topic.get() + ": nothing here writes this topic", remedy(topic));
  for (const auto& [group, stage] : catalogue.stages)
    if (stage.input && !flow.written.contains(*stage.input))
      faults.warn(stage.place, named(stage) + ": nothing here writes its input " + quoted(*stage.input),
                  remedy(*stage.input));
  for (const auto& [name, topic] : catalogue.topics)
    if (!flow.named_anywhere.contains(name))
      faults.warn(topic.place, "topics." + name.get() + ": nothing here writes or reads this topic", remedy(name));
}

/// Kafka keeps '.' and '_' apart in names but not in its metrics, and refuses to create the second of two.
void check_collisions(const Catalogue& catalogue, Faults& faults) {
  std::map<std::string, TopicName> seen;
  for (const auto& [name, topic] : catalogue.topics) {
    auto flat = name.get();
    std::replace(flat.begin(), flat.end(), '.', '_');
    auto [first, fresh] = seen.emplace(flat, name);
    if (!fresh)
      faults.fault(topic.place,
                   "topics " + quoted(first->second) + " and " + quoted(name) + " differ only in '.' and '_'",
                   "rename one: Kafka refuses to create both");
  }
}

void check_store(const Catalogue& catalogue, const Mappings& mappings, Faults& faults) {
  const auto* store = catalogue.store();
  if (!store) return;
  if (mappings.topics.empty())
    faults.warn(store->place, named(*store) + ": maps no topic, so it stores nothing",
                "add topics to its mappings file");
  for (const auto& own : {dead_letters_of(store->group), drops_of(store->group)}) {
    auto mapped = mappings.topics.find(own);
    if (mapped != mappings.topics.end())
      faults.fault(mapped->second.place,
                   "topics." + own.get() + ": the group would read what it could not store itself",
                   "leave it out; 'loom dlq' shows it");
  }
  if (store->lanes > 1)
    faults.warn(store->place, named(*store) + ": lanes have no meaning for a store stage",
                "set database.writers instead");
}

void check_tables(const Mappings& mappings, Faults& faults) {
  std::map<TableName, TopicName> seen;
  for (const auto& [topic, mapping] : mappings.topics) {
    if (mapping.table.get().empty()) continue;
    auto [first, fresh] = seen.emplace(mapping.table, topic);
    if (!fresh)
      faults.warn(mapping.place,
                  "topics." + topic.get() + ": table '" + mapping.table.get() + "' also takes " +
                      quoted(first->second) + "; their columns are merged",
                  "leave it if that is meant, or give it a table of its own");
  }
}

/// A field that no message has would drop them all, a hint that none has would change nothing, both without a word.
void check_choices(const Catalogue& catalogue, Faults& faults) {
  const std::vector<std::string> fields{"schema_version", "message_id", "part", "message_type", "device_id", "recorded_at",
                                        "timestamp", "trace_id", "pipeline_hint", "data", "metadata", "results"};
  std::vector<std::string> hints;
  for (const auto& [name, type] : catalogue.types)
    if (!type.hint.empty()) hints.push_back(type.hint);
  auto look = [&faults](const config::Node& at, const std::string& name, const std::vector<std::string>& known, const std::string& what) {
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    auto near = nearest(name, known);
    faults.warn(at.place(), at.path() + ": " + what, near.empty() ? "leave it if a sender of your own gives it" : "did you mean '" + near + "'?");
  };
  for (const auto& [group, stage] : catalogue.stages) {
    for (const auto& [name, value] : stage.node["when"].members()) {
      look(value, name.substr(0, name.find('.')), fields, "Loom's messages have no such field, and a message without it is dropped");
      if (name == "pipeline_hint") look(value, value.scalar(), hints, "no message type here has the hint '" + value.scalar() + "'");
    }
    for (const auto& [name, options] : stage.node["hints"].members())
      look(options, name, hints, "no message type here has this hint");
  }
}

}  // namespace

void check_offline(const Catalogue& catalogue, const Mappings& mappings, Faults& faults) {
  auto flow = flow_of(catalogue, mappings);
  check_readers(catalogue, flow, faults);
  check_writers(catalogue, mappings, flow, faults);
  check_collisions(catalogue, faults);
  check_store(catalogue, mappings, faults);
  check_tables(mappings, faults);
  check_choices(catalogue, faults);
  check_cycles(catalogue, faults);
  check_limits(catalogue, mappings, faults);
}

}  // namespace loom::model
