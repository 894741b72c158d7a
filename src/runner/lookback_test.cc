// Where a joining stage starts, asked of a real Kafka.
#include "runner/lookback.h"

#include <gtest/gtest.h>

#include <optional>

#include "kafka/admin.h"
#include "kafka/producer.h"
#include "tests/support/test_broker.h"

namespace loom::runner {
namespace {

using namespace std::chrono_literals;

class LookbackOnKafka : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::Broker::is_available()) GTEST_SKIP() << "no Kafka in " << test::Broker::jars();
    broker_.emplace();
    settings_.bootstrap = broker_->bootstrap();
    admin_ = *kafka::Admin::open(settings_, Log::silent());
    producer_ = *kafka::Producer::open(settings_, {}, Log::silent());
  }
  void make_topic(int partitions) {
    ASSERT_TRUE(admin_->create({{topic_, partitions, 1, {}}}, 30s));
    ASSERT_TRUE(producer_->warm(topic_, 30s));
  }
  void put(Partition partition, std::int64_t timestamp_ms = 0) {
    ASSERT_TRUE(producer_->send({topic_, "k", "v", {}, timestamp_ms, partition}, [](const auto& where) { EXPECT_TRUE(where); }));
  }
  /// What it begins with where so much is committed.
  Starts starts_of(const kafka::Offsets& committed) {
    std::vector<model::TopicPartition> partitions;
    for (const auto& [partition, offset] : committed) partitions.push_back(partition);
    EXPECT_TRUE(producer_->flush(30s));
    EXPECT_TRUE(admin_->set_committed(group_, committed, 30s));
    auto starts = lookback_starts(settings_, group_, 60s, partitions, Log::silent());
    EXPECT_TRUE(starts) << to_string(starts.error());
    return starts.value_or(Starts{});
  }
  std::optional<test::Broker> broker_;
  model::ClusterSettings settings_;
  TopicName topic_{"in"};
  ConsumerGroup group_{"g"};
  std::unique_ptr<kafka::Admin> admin_;
  std::unique_ptr<kafka::Producer> producer_;
};

TEST_F(LookbackOnKafka, ALogThatEndsBeforeWhatWasCommittedIsSettledFromItsBeginning) {
  model::TopicPartition whole{topic_, Partition{0}}, cut_off{topic_, Partition{1}};
  make_topic(2);
  for (int i = 0; i < 20; ++i) put(Partition{i % 2});
  auto starts = starts_of({{whole, Offset{10}}, {cut_off, Offset{15}}});
  EXPECT_EQ(starts[whole].next, Offset{0});
  EXPECT_EQ(starts[whole].settle_from, Offset{10});
  EXPECT_EQ(starts[cut_off].next, Offset{0});
  EXPECT_EQ(starts[cut_off].settle_from, std::nullopt) << "any of the ten may be new";
}

/// A record a second, ten of them an hour ahead.
TEST_F(LookbackOnKafka, AClockThatWasSetAheadNeitherShortensNorLengthensIt) {
  model::TopicPartition one{topic_, Partition{0}};
  make_topic(1);
  for (int i = 0; i < 400; ++i) {
    bool is_ahead = i >= 100 && i < 110;
    put(Partition{0}, 1000LL * (1'790'000'000 + i + (is_ahead ? 3600 : 0)));
  }
  EXPECT_EQ(starts_of({{one, Offset{90}}})[one].next, Offset{29});
  EXPECT_EQ(starts_of({{one, Offset{105}}})[one].next, Offset{48}) << "the hour counts as five seconds";
  EXPECT_EQ(starts_of({{one, Offset{300}}})[one].next, Offset{239}) << "not from what was of the future";
}

}  // namespace
}  // namespace loom::runner
