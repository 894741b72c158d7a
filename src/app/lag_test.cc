#include "app/lag.h"

#include <gtest/gtest.h>

#include "loom/json.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;

model::TopicPartition partition(int number) { return {TopicName{"t"}, Partition{number}}; }
kafka::Watermarks marks(std::int64_t low, std::int64_t high) { return {Offset{low}, Offset{high}}; }

TEST(PartitionsBehind, counts_from_what_is_committed_or_from_the_earliest) {
  struct Case {
    std::string name;
    std::optional<std::int64_t> committed;
    std::int64_t low, high, records;
  };
  for (const auto& it :
       {Case{"none committed", std::nullopt, 10, 25, 15}, Case{"committed", 20, 10, 25, 5}, Case{"all", 25, 10, 25, 0},
        Case{"retention took it", 3, 10, 25, 15}, Case{"beyond a recreated topic's end", 99, 0, 5, 0},
        Case{"invalid", -1001, 10, 25, 15}, Case{"empty", std::nullopt, 7, 7, 0}}) {
    LagSample sample;
    sample.watermarks[partition(0)] = marks(it.low, it.high);
    if (it.committed) sample.committed[partition(0)] = Offset{*it.committed};
    auto lags = partitions_behind(sample, sample, 1s);
    ASSERT_EQ(lags.size(), 1u);
    EXPECT_EQ(lags[0].records(), it.records) << it.name;
    EXPECT_EQ(lags[0].committed.has_value(), it.committed && *it.committed >= 0) << it.name;
  }
}

TEST(PartitionsBehind, gives_rates_between_the_looks) {
  LagSample before, now;
  before.watermarks[partition(0)] = marks(0, 100);
  before.committed[partition(0)] = Offset{40};
  now.watermarks[partition(0)] = marks(0, 110);
  now.committed[partition(0)] = Offset{80};
  now.watermarks[partition(1)] = marks(0, 5);  // added meanwhile
  auto lags = partitions_behind(before, now, 2s);
  ASSERT_EQ(lags.size(), 2u);
  EXPECT_DOUBLE_EQ(lags[0].read_per_second, 20);
  EXPECT_DOUBLE_EQ(lags[0].written_per_second, 5);
  EXPECT_DOUBLE_EQ(lags[1].read_per_second, 0);
}

TEST(LagSum, adds_up_and_says_when_it_will_be_done) {
  PartitionLag first{partition(0), Offset{80}, Offset{80}, Offset{110}, 20, 5};
  PartitionLag second{partition(1), std::nullopt, Offset{0}, Offset{15}, 0, 0};
  first.seconds = 2;
  second.seconds = 7;
  auto sum = sum_of({first, second});
  EXPECT_EQ(sum.records, 45);
  EXPECT_EQ(sum.seconds, 7);
  EXPECT_EQ(sum.catch_up, 3);
  EXPECT_EQ(sum_of({second}).catch_up, std::nullopt);  // nothing is read
  EXPECT_EQ(sum_of({}).catch_up, 0);
}

TEST(LagJson, keeps_what_programs_read) {
  PartitionLag lag{partition(3), Offset{80}, Offset{80}, Offset{110}, 0, 0};
  GroupLag group{ConsumerGroup{"g"}, "stable", 2, {lag}, {TopicName{"gone"}}};
  json::Document document;
  auto root = document.parse(lag_json({group}));
  ASSERT_TRUE(root);
  EXPECT_EQ(root->at_path("groups.0.group")->string(), "g");
  EXPECT_EQ(root->at_path("groups.0.records")->integer(), 30);
  EXPECT_EQ(root->at_path("groups.0.members")->integer(), 2);
  EXPECT_TRUE(root->at_path("groups.0.catch_up_seconds")->is_null());
  EXPECT_EQ(root->at_path("groups.0.missing_topics.0")->string(), "gone");
  EXPECT_EQ(root->at_path("groups.0.partitions.0.partition")->integer(), 3);
  EXPECT_EQ(root->at_path("groups.0.partitions.0.end")->integer(), 110);
}

TEST(LagTable, shows_sums_and_only_partitions_that_are_behind) {
  PartitionLag behind{partition(3), Offset{80}, Offset{80}, Offset{110}, 0, 0},
      level{partition(4), Offset{5}, Offset{5}, Offset{5}, 0, 0};
  auto text = lag_table({{ConsumerGroup{"g"}, "stable", 2, {behind, level}, {}}});
  EXPECT_NE(text.find("t [3]"), std::string::npos);
  EXPECT_EQ(text.find("t [4]"), std::string::npos);
  EXPECT_NE(text.find("never"), std::string::npos);
}

}  // namespace
}  // namespace loom::app
