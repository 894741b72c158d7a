#include "runner/partitions.h"

#include <gtest/gtest.h>

#include "runner/fake_kafka.h"

namespace loom::runner {
namespace {

class PartitionsTest : public testing::Test {
 protected:
  Item* admit(int partition, std::int64_t offset, std::size_t bytes = 0, std::optional<std::string> key = "k",
              Work::Order order = Work::Order::by_key) {
    return partitions_.admit(
        model::Record::of({"t", partition, offset, 0, std::move(key), std::string(bytes, 'x'), {}}), order);
  }
  void settle(Item* item) {
    item->how = "stored";
    partitions_.take_back(item);
  }
  static model::TopicPartition at(int partition) { return {TopicName{"t"}, Partition{partition}}; }
  Offset committed(int partition) {
    auto next = partitions_.to_commit();
    return next.contains(at(partition)) ? next[at(partition)] : Offset{-1};
  }

  Registry registry_;
  Telemetry telemetry_{registry_, ConsumerGroup{"g"}};
  Partitions partitions_{100'000, telemetry_};
  FakeKafka kafka_;
  FakeConsumer consumer_{kafka_, {}, {}};
};

TEST_F(PartitionsTest, OnlyTheSettledPrefixIsCommittedAndOnce) {
  partitions_.begin(at(0));
  auto *first = admit(0, 5), *second = admit(0, 7), *third = admit(0, 9);
  settle(second);
  EXPECT_EQ(committed(0), Offset{-1});
  settle(first);
  EXPECT_EQ(committed(0), Offset{8});
  EXPECT_EQ(committed(0), Offset{-1}) << "nothing new";
  third->how = {};
  partitions_.take_back(third);
  EXPECT_EQ(committed(0), Offset{-1}) << "dropped is not settled";
  EXPECT_EQ(partitions_.records(), 0u);
}

TEST_F(PartitionsTest, ALaterGenerationIsNotSettledByRecordsOfAnEarlierOne) {
  partitions_.begin(at(0));
  auto* old = admit(0, 5);
  partitions_.end(*partitions_.find(at(0)));
  EXPECT_EQ(admit(0, 6), nullptr) << "not ours";
  partitions_.begin(at(0));
  auto* now = admit(0, 5);
  settle(old);
  EXPECT_EQ(committed(0), Offset{-1});
  settle(now);
  EXPECT_EQ(committed(0), Offset{6});
}

TEST_F(PartitionsTest, RecordsBeforeTheStartIsKnownAreThrownAway) {
  partitions_.begin(at(0)).starting = true;
  EXPECT_EQ(admit(0, 0), nullptr);
}

TEST_F(PartitionsTest, APartitionOverItsShareIsHeldUntilHalfOfItIsSettled) {
  partitions_.begin(at(0));
  partitions_.begin(at(1));
  std::vector<Item*> items;
  for (int i = 0; i < 5; ++i) items.push_back(admit(0, i, 9'500));
  admit(1, 0, 100);
  partitions_.balance(consumer_);
  EXPECT_TRUE(kafka_.held.empty()) << "47,500 and a little of 50,000";
  items.push_back(admit(0, 5, 9'500));
  partitions_.balance(consumer_);
  EXPECT_EQ(kafka_.held, (std::set{at(0)}));
  for (int i = 0; i < 3; ++i) settle(items[static_cast<std::size_t>(i)]);
  partitions_.balance(consumer_);
  EXPECT_EQ(kafka_.held, (std::set{at(0)}));
  settle(items[3]);
  partitions_.balance(consumer_);
  EXPECT_TRUE(kafka_.held.empty());
}

TEST_F(PartitionsTest, OneRecordLargerThanTheBudgetIsLetIn) {
  partitions_.begin(at(0));
  auto* large = admit(0, 0, 500'000);
  ASSERT_TRUE(large);
  partitions_.balance(consumer_);
  EXPECT_EQ(kafka_.held.size(), 1u);
  EXPECT_EQ(partitions_.room(), 1u);
  settle(large);
  partitions_.balance(consumer_);
  EXPECT_TRUE(kafka_.held.empty());
}

TEST_F(PartitionsTest, ALaneIsAKeyOfAPartitionOrThePartition) {
  partitions_.begin(at(0));
  partitions_.begin(at(1));
  auto lane = [&](int partition, std::optional<std::string> key, Work::Order order) {
    static std::int64_t offset = 0;
    return admit(partition, offset++, 0, std::move(key), order)->lane_key;
  };
  using enum Work::Order;
  EXPECT_EQ(lane(0, "a", by_key), lane(0, "a", by_key));
  EXPECT_NE(lane(0, "a", by_key), lane(0, "b", by_key));
  EXPECT_NE(lane(0, "a", by_key), lane(1, "a", by_key));
  EXPECT_EQ(lane(0, std::nullopt, by_key), 0u);
  EXPECT_NE(lane(0, "", by_key), 0u) << "an empty key is a key";
  EXPECT_EQ(lane(0, "a", by_partition), lane(0, std::nullopt, by_partition));
  EXPECT_NE(lane(0, "a", by_partition), lane(1, "a", by_partition));
}

}  // namespace
}  // namespace loom::runner
