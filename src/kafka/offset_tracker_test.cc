#include "kafka/offset_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace loom::kafka {
namespace {

struct Step {
  enum { begin, settle } what;
  std::int64_t offset;
};
struct Case {
  const char* name;
  std::vector<Step> steps;
  std::optional<std::int64_t> next;
  std::size_t open;
};

const Case cases[] = {
    {"nothing", {}, std::nullopt, 0},
    {"begun only", {{Step::begin, 5}}, std::nullopt, 1},
    {"settled", {{Step::begin, 5}, {Step::settle, 5}}, 6, 0},
    {"gap in numbers", {{Step::begin, 5}, {Step::begin, 7}, {Step::settle, 5}, {Step::settle, 7}}, 8, 0},
    {"later first", {{Step::begin, 5}, {Step::begin, 7}, {Step::settle, 7}}, std::nullopt, 2},
    {"then the first", {{Step::begin, 5}, {Step::begin, 7}, {Step::settle, 7}, {Step::settle, 5}}, 8, 0},
    {"hole in the middle",
     {{Step::begin, 1}, {Step::begin, 2}, {Step::begin, 3}, {Step::settle, 1}, {Step::settle, 3}},
     2,
     2},
    {"unknown", {{Step::begin, 5}, {Step::settle, 4}, {Step::settle, 6}}, std::nullopt, 1},
    {"twice settled", {{Step::begin, 5}, {Step::settle, 5}, {Step::settle, 5}}, 6, 0},
    {"begun again while open", {{Step::begin, 5}, {Step::begin, 5}, {Step::settle, 5}}, 6, 0},
    {"begun again when settled", {{Step::begin, 5}, {Step::settle, 5}, {Step::begin, 5}}, 6, 0},
};

TEST(OffsetTracker, OnlyTheSettledPrefixMayBeCommitted) {
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    OffsetTracker tracker;
    for (const auto& step : c.steps)
      step.what == Step::begin ? tracker.begin(Offset{step.offset}) : tracker.settle(Offset{step.offset});
    EXPECT_EQ(tracker.next() ? std::optional(tracker.next()->get()) : std::nullopt, c.next);
    EXPECT_EQ(tracker.open(), c.open);
  }
}

TEST(OffsetTracker, NamesTheOldestOpen) {
  OffsetTracker tracker;
  EXPECT_FALSE(tracker.oldest_open());
  for (auto offset : {3, 8, 9}) tracker.begin(Offset{offset});
  tracker.settle(Offset{8});
  EXPECT_EQ(tracker.oldest_open()->get(), 3);
  tracker.settle(Offset{3});
  EXPECT_EQ(tracker.oldest_open()->get(), 9);
}

TEST(OffsetTracker, AgreesWithASetOfAllOffsets) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    OffsetTracker tracker;
    std::vector<std::int64_t> begun;
    std::set<std::int64_t> settled;
    std::int64_t last = static_cast<std::int64_t>(random() % 100);
    for (int step = 0; step < 300; ++step) {
      if (random() % 2) {
        begun.push_back(last += 1 + static_cast<std::int64_t>(random() % 3));
        tracker.begin(Offset{last});
      } else if (!begun.empty()) {
        auto offset = begun[random() % begun.size()];
        settled.insert(offset);
        tracker.settle(Offset{offset});
      }
      auto hole = std::ranges::find_if(begun, [&](auto o) { return !settled.contains(o); });
      auto expected = hole == begun.begin() ? std::nullopt : std::optional(*(hole - 1) + 1);
      ASSERT_EQ(tracker.next() ? std::optional(tracker.next()->get()) : std::nullopt, expected);
      ASSERT_EQ(tracker.open(), static_cast<std::size_t>(begun.end() - hole));
    }
  }
}

}  // namespace
}  // namespace loom::kafka
