#include "runner/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "runner/backoff.h"

namespace loom::runner {
namespace {

/// Items and one or more assignments, as Partitions would make them.
class LanesTest : public testing::Test {
 protected:
  Item* item(std::uint64_t lane, std::int64_t offset, Micros arrived = 0, std::size_t bytes = 0) {
    auto& made = *items_.emplace_back(std::make_unique<Item>());
    made.record = model::Record::of({"t", 0, offset, 0, {}, std::string(bytes, 'x'), {}});
    made.assignment = &assignment_;
    made.lane_key = lane;
    made.arrived = arrived;
    return &made;
  }
  static void add(Lanes& lanes, std::vector<Item*> items) { lanes.add(items); }
  static std::vector<std::int64_t> offsets(const Batch& batch) {
    std::vector<std::int64_t> offsets;
    for (auto* one : batch.items) offsets.push_back(one->record.offset().get());
    return offsets;
  }
  using Offsets = std::vector<std::int64_t>;

  Assignment assignment_, other_;
  std::vector<std::unique_ptr<Item>> items_;
  std::vector<Item*> dropped_;
  Batch batch_, second_;
};

TEST_F(LanesTest, ABatchCrossesLanesAndKeepsTheOrderOfEach) {
  Lanes lanes({.records = 4});
  add(lanes, {item(1, 0), item(2, 1), item(1, 2), item(3, 3), item(2, 4)});
  ASSERT_TRUE(lanes.take(0, batch_));
  EXPECT_EQ(offsets(batch_), (Offsets{0, 2, 1, 4}));
  ASSERT_TRUE(lanes.take(0, second_));
  EXPECT_EQ(offsets(second_), (Offsets{3}));
}

TEST_F(LanesTest, ATakenLaneIsExclusiveUntilItIsFinished) {
  Lanes lanes({.records = 1});
  add(lanes, {item(1, 0), item(1, 1)});
  ASSERT_TRUE(lanes.take(0, batch_));
  EXPECT_FALSE(lanes.take(0, second_));
  lanes.finish(batch_, {}, dropped_);
  ASSERT_TRUE(lanes.take(0, second_));
  EXPECT_EQ(offsets(second_), (Offsets{1}));
}

TEST_F(LanesTest, ABusyLaneTakesItsTurnBehindTheOthers) {
  Lanes lanes({.records = 2});
  add(lanes, {item(1, 0), item(1, 1), item(1, 2), item(1, 3), item(2, 4)});
  ASSERT_TRUE(lanes.take(0, batch_));
  EXPECT_EQ(offsets(batch_), (Offsets{0, 1}));
  lanes.finish(batch_, {}, dropped_);
  ASSERT_TRUE(lanes.take(0, batch_));
  EXPECT_EQ(offsets(batch_), (Offsets{4, 2}));
}

TEST_F(LanesTest, RecordsWithoutAKeyDoNotWaitForEachOther) {
  Lanes lanes({.records = 1});
  add(lanes, {item(0, 0), item(0, 1)});
  ASSERT_TRUE(lanes.take(0, batch_));
  ASSERT_TRUE(lanes.take(0, second_));
  lanes.finish(batch_, {}, dropped_);
  lanes.finish(second_, {}, dropped_);
  EXPECT_EQ(lanes.lanes(), 0u);
}

TEST_F(LanesTest, ABatchThatIsNotFullWaitsSinceItsOldestRecordCame) {
  Lanes lanes({.records = 2, .wait = 100});
  add(lanes, {item(1, 0, 1000)});
  EXPECT_FALSE(lanes.take(1099, batch_));
  EXPECT_EQ(lanes.next_time(), 1100);
  add(lanes, {item(2, 1, 1099)});
  EXPECT_TRUE(lanes.take(1099, batch_)) << "it is full now";
  lanes.finish(batch_, {}, dropped_);
  EXPECT_EQ(lanes.next_time(), std::nullopt);
  add(lanes, {item(1, 2, 2000)});
  EXPECT_TRUE(lanes.take(2100, batch_)) << "its time is up";
}

TEST_F(LanesTest, BytesBoundABatchButOneRecordAlwaysFits) {
  Lanes lanes({.records = 10, .bytes = 1000});
  add(lanes, {item(1, 0, 0, 5000), item(1, 1, 0, 300), item(2, 2, 0, 300), item(3, 3, 0, 300)});
  ASSERT_TRUE(lanes.take(0, batch_));
  EXPECT_EQ(offsets(batch_), (Offsets{0}));
  lanes.finish(batch_, {}, dropped_);
  ASSERT_TRUE(lanes.take(0, batch_));
  EXPECT_EQ(offsets(batch_), (Offsets{2, 3}));
}

TEST_F(LanesTest, ARetryHoldsItsLaneAndNoOther) {
  Lanes lanes({.records = 3});
  auto *first = item(1, 0), *later = item(1, 2);
  add(lanes, {first, item(2, 1), later});
  ASSERT_TRUE(lanes.take(0, batch_));
  first->not_before = 500;
  std::vector<Item*> again{first, later};
  lanes.finish(batch_, again, dropped_);
  add(lanes, {item(1, 3), item(2, 4)});
  ASSERT_TRUE(lanes.take(100, batch_));
  EXPECT_EQ(offsets(batch_), (Offsets{4}));
  EXPECT_EQ(lanes.next_time(), 500);
  ASSERT_TRUE(lanes.take(500, second_));
  EXPECT_EQ(offsets(second_), (Offsets{0, 2, 3}));
}

TEST_F(LanesTest, WhatIsGivenBackLaterComesBeforeTheRestOfItsLane) {
  Lanes lanes({.records = 1});
  auto* first = item(1, 0);
  add(lanes, {first});
  ASSERT_TRUE(lanes.take(0, batch_));
  lanes.finish(batch_, {}, dropped_);
  add(lanes, {item(1, 1)});
  first->not_before = 50;
  lanes.give_back(first);
  EXPECT_FALSE(lanes.take(10, batch_));
  ASSERT_TRUE(lanes.take(50, batch_));
  EXPECT_EQ(offsets(batch_), (Offsets{0}));
}

TEST_F(LanesTest, GivenBackWhileItsLaneIsTakenItComesNext) {
  Lanes lanes({.records = 1});
  auto* first = item(1, 0);
  add(lanes, {first, item(1, 1), item(1, 2)});
  ASSERT_TRUE(lanes.take(0, batch_));
  lanes.finish(batch_, {}, dropped_);
  ASSERT_TRUE(lanes.take(0, batch_));  // 1
  lanes.give_back(first);
  EXPECT_FALSE(lanes.take(0, second_));
  lanes.finish(batch_, {}, dropped_);
  ASSERT_TRUE(lanes.take(0, batch_));
  EXPECT_EQ(offsets(batch_), (Offsets{0}));
}

TEST_F(LanesTest, ClosedAssignmentsAreDroppedWhereverTheirRecordsAre) {
  Lanes lanes({.records = 1});
  auto *ready = item(1, 0), *resting = item(2, 1), *taken = item(3, 2), *behind = item(3, 3), *kept = item(4, 4);
  kept->assignment = &other_;
  add(lanes, {taken, behind});
  ASSERT_TRUE(lanes.take(0, batch_));
  add(lanes, {ready, kept});
  resting->not_before = 1000;
  lanes.give_back(resting);
  assignment_.phase = Phase::closing;
  lanes.drop_closed(dropped_);
  EXPECT_EQ(std::set<Item*>(dropped_.begin(), dropped_.end()), (std::set<Item*>{ready, resting}));
  dropped_.clear();
  lanes.finish(batch_, {}, dropped_);
  EXPECT_EQ(dropped_, (std::vector<Item*>{behind}));
  ASSERT_TRUE(lanes.take(2000, batch_));
  EXPECT_EQ(batch_.items, (std::vector<Item*>{kept}));
  lanes.finish(batch_, {}, dropped_);
  EXPECT_EQ(lanes.lanes(), 0u);
  EXPECT_EQ(lanes.ready_records(), 0u);
}

/// Any schedule of takes, retries and late returns: each lane's records end in order, each once, and nothing is left.
TEST_F(LanesTest, AnyScheduleKeepsTheOrderOfEachLane) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    Lanes lanes({.records = 1 + seed % 5});
    std::map<std::uint64_t, Offsets> ended;
    std::vector<Batch> open;
    Micros now = 0;
    std::int64_t next = 0;
    std::size_t done = 0;
    while (done < 300) {
      now += 10;
      if (next < 300 && random() % 2) add(lanes, {item(1 + random() % 7, next++)});
      Batch batch;
      if (open.size() < 3 && lanes.take(now, batch)) open.push_back(batch);
      if (open.empty() || random() % 3 == 0) continue;
      auto which = random() % open.size();
      std::vector<Item*> again;
      for (auto* one : open[which].items) {
        bool waits = std::any_of(again.begin(), again.end(), [&](auto* other) { return other->lane == one->lane; });
        if (!waits && random() % 4 != 0) {
          ended[one->lane_key].push_back(one->record.offset().get());
          ++done;
          continue;
        }
        if (!waits) one->not_before = now + static_cast<Micros>(random() % 50);
        again.push_back(one);
      }
      lanes.finish(open[which], again, dropped_);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
    }
    for (const auto& [lane, offsets] : ended)
      EXPECT_TRUE(std::is_sorted(offsets.begin(), offsets.end())) << "seed " << seed;
    for (auto& batch : open) lanes.finish(batch, {}, dropped_);
    EXPECT_EQ(lanes.lanes(), 0u) << "seed " << seed;
  }
}

TEST(Backoff, DoublesUpToTheMostLessAJitter) {
  struct Row {
    int retries;
    double random;
    Micros wait;
  };
  for (const auto& row : {Row{1, 0, 100'000}, Row{2, 0, 200'000}, Row{3, 0.5, 300'000}, Row{6, 0, 3'200'000},
                          Row{7, 0, 5'000'000}, Row{1000, 0, 5'000'000}})
    EXPECT_EQ(backoff_of({}, row.retries, row.random), row.wait) << row.retries;
}

}  // namespace
}  // namespace loom::runner
