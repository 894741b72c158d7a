#include "model/pipelines.h"

namespace loom::model {
namespace {

struct Walk {
  const Catalogue& catalogue;
  const Mappings& mappings;
  std::vector<Pipeline>& found;

  // Cycles are a fault of the configuration; the bound keeps this finite all the same.
  void from(const TopicName& topic, const Pipeline& so_far) {
    bool read = false;
    auto mapping = mappings.topics.find(topic);
    if (const auto* store = catalogue.store(); store && mapping != mappings.topics.end()) {
      auto stored = so_far;
      stored.hops.push_back({store->group, topic, std::nullopt});
      stored.table = mapping->second.table;
      found.push_back(std::move(stored));
      read = true;
    }
    for (const auto& [group, stage] : catalogue.stages) {
      if (stage.input != topic || so_far.hops.size() > catalogue.stages.size()) continue;
      auto next = so_far;
      next.hops.push_back({group, topic, stage.output});
      read = true;
      if (stage.output) {
        from(*stage.output, next);
      } else {
        found.push_back(std::move(next));
      }
    }
    if (!read) found.push_back(so_far);
  }
};

}  // namespace

std::vector<Pipeline> pipelines_of(const Catalogue& catalogue, const Mappings& mappings) {
  std::vector<Pipeline> found;
  for (const auto& [name, type] : catalogue.types)
    Walk{catalogue, mappings, found}.from(type.topic, Pipeline{name, type.topic, {}, std::nullopt});
  return found;
}

std::string to_string(const Pipeline& pipeline) {
  auto text = pipeline.type.get() + " → " + pipeline.entry.get();
  for (const auto& hop : pipeline.hops) {
    text += " → [" + hop.group.get() + "]";
    if (hop.output) text += " → " + hop.output->get();
  }
  if (pipeline.table) text += " → table " + pipeline.table->get();
  return text;
}

}  // namespace loom::model
