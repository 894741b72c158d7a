#include "books/plan.h"

#include <algorithm>

namespace loom::books {
namespace {

template <class Names, class Numbers>
std::uint16_t numbered(const typename Names::value_type& name, Names& names, Numbers& numbers) {
  auto [it, is_new] = numbers.try_emplace(name.get(), static_cast<std::uint16_t>(names.size()));
  if (is_new) names.push_back(name);
  return it->second;
}

template <class Numbers>
std::uint16_t number_of(std::string_view name, const Numbers& numbers) {
  auto found = numbers.find(name);
  return found == numbers.end() ? nobody : found->second;
}

}  // namespace

TopicIndex Plan::topic(std::string_view name) const { return number_of(name, topic_numbers_); }
GroupIndex Plan::group(std::string_view name) const { return number_of(name, group_numbers_); }

std::string Plan::text_of(const Hop& hop) const {
  return groups[hop.group].get() + " ← " + topics[hop.input].get();
}

std::string Plan::text_of(const Path& path) const {
  std::string text;
  for (const auto& type : path.types) text += (text.empty() ? "" : ", ") + type.get();
  text += " → " + topics[path.entry].get();
  for (auto number : path.hops) {
    const auto& hop = hops[number];
    text += " → [" + groups[hop.group].get() + "]";
    if (hop.output != nobody) text += " → " + topics[hop.output].get();
  }
  return path.table ? text + " → table " + path.table->get() : text;
}

Plan plan_of(const model::Catalogue& catalogue, const model::Mappings& mappings,
             const std::map<ConsumerGroup, std::chrono::milliseconds>& lookbacks) {
  Plan plan;
  auto topic = [&](const TopicName& name) { return numbered(name, plan.topics, plan.topic_numbers_); };
  auto add_hop = [&](const model::StageSpec& stage, const TopicName& input) {
    Hop hop;
    hop.group = numbered(stage.group, plan.groups, plan.group_numbers_);
    hop.input = topic(input);
    if (stage.output) hop.output = topic(*stage.output);
    hop.dead_letters = topic(model::dead_letters_of(stage.group));
    hop.drops = topic(model::drops_of(stage.group));
    hop.is_sink = stage.use == "store";
    if (auto found = lookbacks.find(stage.group); found != lookbacks.end()) hop.lookback = found->second;
    plan.hops.push_back(hop);
  };
  for (const auto& [group, stage] : catalogue.stages) {
    if (stage.input) add_hop(stage, *stage.input);
    if (stage.use != "store") continue;
    for (const auto& [name, mapping] : mappings.topics) add_hop(stage, name);
  }
  for (const auto& pipeline : model::pipelines_of(catalogue, mappings)) {
    Path path{{pipeline.type}, topic(pipeline.entry), {}, pipeline.table};
    for (const auto& hop : pipeline.hops)
      for (std::size_t i = 0; i < plan.hops.size(); ++i)
        if (plan.groups[plan.hops[i].group] == hop.group && plan.topics[plan.hops[i].input] == hop.input)
          path.hops.push_back(i);
    auto same = std::find_if(plan.paths.begin(), plan.paths.end(), [&](const Path& one) {
      return one.entry == path.entry && one.hops == path.hops && one.table == path.table;
    });
    if (same == plan.paths.end())
      plan.paths.push_back(std::move(path));
    else
      same->types.push_back(pipeline.type);
  }
  return plan;
}

}  // namespace loom::books
