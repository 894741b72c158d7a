#include "kafka/stall_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace loom::kafka {
namespace {

struct Step {
  std::int64_t seen;                 // by the fetches, at the turn
  bool is_idle;                      // all the time since the turn before
  std::optional<std::int64_t> end;   // the leader's answer after the turn
};
struct Case {
  const char* name;
  std::vector<Step> steps;
  bool is_stuck;  // at the last turn
};

const Case cases[] = {
    {"its end was not seen for a turn", {{10, true, 12}, {10, true, 12}}, true},
    {"seen later", {{10, true, 12}, {12, true, 12}}, false},
    {"seen in part", {{10, true, 12}, {11, true, 12}}, false},
    {"at its end", {{12, true, 12}, {12, true, 12}}, false},
    {"the first turn", {{10, true, 12}}, false},
    {"no answer", {{10, true, std::nullopt}, {10, true, 12}}, false},
    {"records came, or it was held", {{10, true, 12}, {10, false, 12}}, false},
    {"only just idle", {{10, false, 12}, {10, true, 12}}, false},
    {"not seen at all", {{-1001, true, 5}, {-1001, true, 5}}, true},
    {"an answer of long ago", {{10, true, 12}, {10, false, std::nullopt}, {10, true, 12}}, false},
};

TEST(StallWatch, APartitionWhoseEndIsNotSeenForATurnIsStuck) {
  const model::TopicPartition partition{TopicName{"t"}, Partition{0}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    StallWatch watch;
    std::optional<model::TopicPartition> stuck;
    for (const auto& step : c.steps) {
      std::vector<model::TopicPartition> idle;
      if (step.is_idle) idle.push_back(partition);
      stuck = watch.turn(idle, [&](const auto&) { return step.seen; });
      if (step.end) watch.answered(partition, *step.end);
    }
    EXPECT_EQ(stuck.has_value(), c.is_stuck);
  }
}

TEST(StallWatch, ForgetsWhatAnotherClientSaw) {
  const std::vector<model::TopicPartition> partitions{{TopicName{"t"}, Partition{0}}};
  StallWatch watch;
  (void)watch.turn(partitions, [](const auto&) { return 10; });
  watch.answered(partitions[0], 12);
  watch.forget();
  EXPECT_FALSE(watch.turn(partitions, [](const auto&) { return 10; }));
}

}  // namespace
}  // namespace loom::kafka
