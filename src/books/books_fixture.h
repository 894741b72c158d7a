// What the books' tests share: a small catalogue, its plan and scene, and records as the runner writes them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "books/clerk.h"
#include "books/judge.h"

namespace loom::books {

inline model::Catalogue catalogue_of(const std::string& yaml) {
  config::Faults faults;
  auto catalogue = model::read_catalogue(config::Node::parse(yaml, "loom.yaml", faults), {}, {"command", "store"}, faults);
  EXPECT_FALSE(faults.any_fault()) << faults.text();
  return catalogue;
}

/// in → [g] → out → [sink] → table t; [sink] also stores `in`. Three partitions of 100 records, all settled.
struct Example {
  explicit Example(std::chrono::milliseconds lookback = {}) {
    catalogue = catalogue_of(R"(
message_types: {note: in}
stages:
  g: {use: command, input: in, output: out}
  sink: {use: store, mappings: m.yml}
)");
    for (const char* topic : {"in", "out"}) {
      model::TopicMapping mapping;
      mapping.topic = TopicName{topic};
      mapping.table = TableName{std::string("t_") + topic};
      mappings.topics[mapping.topic] = mapping;
    }
    std::map<ConsumerGroup, std::chrono::milliseconds> lookbacks;
    if (lookback.count() > 0) lookbacks[ConsumerGroup{"g"}] = lookback;
    plan = plan_of(catalogue, mappings, lookbacks);
    scene.plan = &plan;
    scene.taken_ms = 1'000'000;
    scene.topics.assign(plan.topics.size(), std::vector<PartitionRange>(3, {0, 0, 100, 0, 100}));
    scene.hops.assign(plan.hops.size(), HopScene{{100, 100, 100}, {}, -1, false, true});
  }
  [[nodiscard]] std::size_t hop(const std::string& group, const std::string& input) const {
    for (std::size_t i = 0; i < plan.hops.size(); ++i)
      if (plan.groups[plan.hops[i].group].get() == group && plan.topics[plan.hops[i].input].get() == input) return i;
    ADD_FAILURE() << "no hop " << group << " of " << input;
    return 0;
  }
  [[nodiscard]] Spot at(const std::string& topic, std::int64_t offset) const { return {plan.topic(topic), 0, offset}; }

  model::Catalogue catalogue;
  model::Mappings mappings;
  Plan plan;
  Scene scene;
};

inline UuidBytes id_of(std::uint8_t number) {
  UuidBytes id{};
  id[0] = 1, id[15] = number;
  return id;
}

}  // namespace loom::books
