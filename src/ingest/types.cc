#include "ingest/types.h"

#include <algorithm>

#include "base/bytes.h"

namespace loom::ingest {

TypeTable::TypeTable(const model::Catalogue& catalogue, Registry& registry) {
  for (const auto& [name, spec] : catalogue.types) {
    auto topic = catalogue.topics.find(spec.topic);
    auto limit =
        topic == catalogue.topics.end() ? model::TopicSpec{}.max_message_bytes : topic->second.max_message_bytes;
    auto& accepted =
        registry.counter("loom_ingest_accepted_total", "Messages the broker has acknowledged", {{"type", name.get()}});
    entries_.emplace(name.get(), TypeEntry{&spec, static_cast<std::size_t>(limit.count), &accepted});
    names_.push_back(name.get());
  }
}

const TypeEntry* TypeTable::find(std::string_view name) const {
  auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<std::string> TypeTable::near(std::string_view name) const {
  if (name.size() > 128) return {};
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const auto& known : names_) {
    auto distance = edit_distance(name, known);
    if (distance <= 1 + name.size() / 4) found.emplace_back(distance, known);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < found.size() && i < 3; ++i) names.push_back(found[i].second);
  return names;
}

}  // namespace loom::ingest
