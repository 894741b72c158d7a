// Where a joining stage starts, asked of a real Kafka.
#include "runner/lookback.h"

#include <gtest/gtest.h>

#include "kafka/admin.h"
#include "kafka/producer.h"
#include "tests/support/test_broker.h"

namespace loom::runner {
namespace {

using namespace std::chrono_literals;

TEST(LookbackOnKafka, ALogThatEndsBeforeWhatWasCommittedIsSettledFromItsBeginning) {
  if (!test::Broker::is_available()) GTEST_SKIP() << "no Kafka in " << test::Broker::jars();
  test::Broker broker;
  model::ClusterSettings settings;
  settings.bootstrap = broker.bootstrap();
  TopicName topic{"in"};
  ConsumerGroup group{"g"};
  model::TopicPartition whole{topic, Partition{0}}, cut_off{topic, Partition{1}};
  auto admin = kafka::Admin::open(settings, Log::silent());
  ASSERT_TRUE((*admin)->create({{topic, 2, 1, {}}}, 30s));
  auto producer = kafka::Producer::open(settings, {}, Log::silent());
  ASSERT_TRUE((*producer)->warm(topic, 30s));
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE((*producer)->send({topic, "k", "v", {}, 0, Partition{i % 2}}, [](const auto& where) { EXPECT_TRUE(where); }));
  ASSERT_TRUE((*producer)->flush(30s));
  ASSERT_TRUE((*admin)->set_committed(group, {{whole, Offset{10}}, {cut_off, Offset{15}}}, 30s));
  auto starts = lookback_starts(settings, group, 60s, std::vector{whole, cut_off}, Log::silent());
  ASSERT_TRUE(starts) << to_string(starts.error());
  EXPECT_EQ((*starts)[whole].next, Offset{0});
  EXPECT_EQ((*starts)[whole].settle_from, Offset{10});
  EXPECT_EQ((*starts)[cut_off].next, Offset{0});
  EXPECT_EQ((*starts)[cut_off].settle_from, std::nullopt) << "any of the ten may be new";
}

/// A record a second, ten of them an hour ahead.
TEST(LookbackOnKafka, AClockThatWasSetAheadNeitherShortensNorLengthensIt) {
  if (!test::Broker::is_available()) GTEST_SKIP() << "no Kafka in " << test::Broker::jars();
  test::Broker broker;
  model::ClusterSettings settings;
  settings.bootstrap = broker.bootstrap();
  TopicName topic{"in"};
  auto admin = kafka::Admin::open(settings, Log::silent());
  ASSERT_TRUE((*admin)->create({{topic, 1, 1, {}}}, 30s));
  auto producer = kafka::Producer::open(settings, {}, Log::silent());
  ASSERT_TRUE((*producer)->warm(topic, 30s));
  for (int i = 0; i < 400; ++i) {
    bool is_ahead = i >= 100 && i < 110;
    auto second = 1'790'000'000 + i + (is_ahead ? 3600 : 0);
    ASSERT_TRUE((*producer)->send({topic, "k", "v", {}, 1000LL * second, Partition{0}}, {}));
  }
  ASSERT_TRUE((*producer)->flush(30s));
  model::TopicPartition one{topic, Partition{0}};
  auto start_before = [&](int committed) {
    ConsumerGroup group{"g"};
    EXPECT_TRUE((*admin)->set_committed(group, {{one, Offset{committed}}}, 30s));
    auto starts = lookback_starts(settings, group, 60s, std::vector{one}, Log::silent());
    EXPECT_TRUE(starts) << to_string(starts.error());
    return starts->at(one).next;
  };
  EXPECT_EQ(start_before(90), Offset{29});
  EXPECT_EQ(start_before(105), Offset{48}) << "the hour counts as five seconds";
  EXPECT_EQ(start_before(300), Offset{239}) << "not from what was of the future";
}

}  // namespace
}  // namespace loom::runner
