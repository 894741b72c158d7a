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

}  // namespace
}  // namespace loom::runner
