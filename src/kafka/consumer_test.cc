#include "kafka/consumer.h"

#include <algorithm>
#include <random>
#include <set>
#include <thread>

#include "kafka/broker_for_tests.h"
#include "kafka/group_consumer.h"

namespace loom::kafka {
namespace {

struct Seen {
  std::set<TopicPartition> mine;
  int revocations = 0;
  ConsumerEvents events() {
    return {[this](auto partitions) { mine.insert(partitions.begin(), partitions.end()); },
            [this](auto partitions, bool) {
              ++revocations;
              for (const auto& partition : partitions) mine.erase(partition);
            }};
  }
};

using ConsumerOnBroker = OnBroker;

TEST_F(ConsumerOnBroker, ReadsAPartitionInOrderFromTheEarliest) {
  auto topic = make_topic(1);
  fill(topic, 2000);
  auto consumer = join("order", topic);
  auto records = take(*consumer, 2000);
  ASSERT_EQ(records.size(), 2000u);
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(records[static_cast<std::size_t>(i)].value(), std::to_string(i));
  EXPECT_LT(consumer->since_broker_answered(), 5s);
}

TEST_F(ConsumerOnBroker, RecordsOutliveTheirConsumer) {
  auto topic = make_topic(1);
  fill(topic, 10);
  auto consumer = join("outlive", topic);
  auto records = take(*consumer, 10);
  ASSERT_EQ(records.size(), 10u);
  consumer.reset();
  EXPECT_EQ(records[9].value(), "9");
  EXPECT_EQ(records[9].topic(), topic.get());
}

TEST_F(ConsumerOnBroker, TwoMembersShare) {
  auto topic = make_topic(4);
  fill(topic, 100);
  Seen one, two;
  auto first = join("share", topic, one.events());
  auto got = take(*first, 1);
  ASSERT_TRUE(eventually([&] { return first->poll(10ms, 100) && one.mine.size() == 4; }));
  auto second = join("share", topic, two.events());
  ASSERT_TRUE(eventually([&] {
    return first->poll(10ms, 100) && second->poll(10ms, 100) && one.mine.size() == 2 && two.mine.size() == 2;
  }));
  EXPECT_GE(one.revocations, 1);
  for (const auto& partition : two.mine) EXPECT_FALSE(one.mine.contains(partition));
  second->close();
  EXPECT_TRUE(two.mine.empty()) << "close revokes";
  EXPECT_TRUE(eventually([&] { return first->poll(10ms, 100) && one.mine.size() == 4; }));
}

/// With many partitions most of the held ones are paused.
class HoldingAtRandom : public ConsumerOnBroker, public ::testing::WithParamInterface<int> {};

TEST_P(HoldingAtRandom, KeepsOrderAndLosesNothing) {
  auto topic = make_topic(GetParam());
  const int count = 6000;
  fill(topic, count);
  Seen seen;
  auto consumer = join("hold" + topic.get(), topic, seen.events());
  std::mt19937 random(3);
  std::set<TopicPartition> held;
  std::map<TopicPartition, std::int64_t> next;
  int got = 0;
  ASSERT_TRUE(eventually(
      [&] {
        auto records = consumer->poll(2ms, 1 + random() % 200);
        EXPECT_TRUE(records);
        for (const auto& record : *records) {
          auto partition = record.topic_partition();
          EXPECT_FALSE(held.contains(partition)) << "a held partition delivered";
          EXPECT_EQ(record.offset().get(), next[partition]++);
          ++got;
        }
        for (const auto& partition : seen.mine) {
          if (random() % 3) continue;
          if (held.insert(partition).second)
            consumer->hold(partition);
          else
            consumer->release(partition), held.erase(partition);
        }
        return got >= count;
      },
      60s))
      << got;
  EXPECT_EQ(got, count);
}

INSTANTIATE_TEST_SUITE_P(Partitions, HoldingAtRandom, ::testing::Values(3, 24));

/// Each release lets librdkafka fetch more than is delivered until the next hold.
TEST_F(ConsumerOnBroker, WhatWaitsOfHeldPartitionsStaysWithinTheBudget) {
  settings_.consumer_budget = {1 << 20};
  auto topic = make_topic(2);
  const int count = 20'000;
  auto producer = make_producer({});
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(producer->send({topic, {}, std::string(1000, 'x'), {}, 0, Partition{i % 2}}, {}));
  ASSERT_TRUE(producer->flush(30s));
  GroupConsumer consumer(settings_, {ConsumerGroup{"waiting"}, {topic}, false}, {}, log_);
  ASSERT_TRUE(consumer.start());
  std::map<TopicPartition, std::int64_t> next;
  std::size_t most = 0;
  int got = 0;
  auto read = [&](std::size_t max) {
    auto records = consumer.poll(2ms, max);
    EXPECT_TRUE(records);
    for (const auto& record : *records) EXPECT_EQ(record.offset().get(), next[record.topic_partition()]++);
    got += static_cast<int>(records->size());
  };
  ASSERT_TRUE(eventually(
      [&] {
        auto before = got;
        read(200);
        if (got == before) return false;
        for (const auto& [partition, offset] : next) consumer.hold(partition);
        for (int i = 0; i < 5; ++i) read(500);
        most = std::max(most, consumer.bytes_waiting());
        for (const auto& [partition, offset] : next) consumer.release(partition);
        return got == count;
      },
      120s))
      << got;
  EXPECT_LE(most, 6 * settings_.consumer_budget.count) << "two queues, and what was fetched while they emptied";
}

TEST_F(ConsumerOnBroker, IsAtTheEndWhenAllWasDelivered) {
  auto topic = make_topic(1);
  const std::size_t count = 50;
  fill(topic, count);
  TopicPartition partition{topic, Partition{0}};
  GroupConsumer consumer(settings_, {ConsumerGroup{"end"}, {topic}, false, true}, {}, log_);
  ASSERT_TRUE(consumer.start());
  std::size_t got = 0;
  auto read = [&] {
    auto records = consumer.poll(20ms, 1);
    EXPECT_TRUE(records);
    got += records->size();
    EXPECT_TRUE(got == count || !consumer.is_at_end(partition)) << got;
  };
  ASSERT_TRUE(eventually([&] { return read(), got > 0; }));
  GroupConsumer later(settings_, {ConsumerGroup{"end-too"}, {topic}, false, true}, {}, log_);
  ASSERT_TRUE(later.start());  // when it has seen the end, the end waits in the first one's queue, too
  ASSERT_TRUE(eventually([&] { return later.poll(20ms, 100) && later.is_at_end(partition); }));
  consumer.hold(partition);
  for (int i = 0; i < 60; ++i) read();  // what had left its queue, and the end where that had, too
  EXPECT_EQ(got, 1u);
  consumer.release(partition);
  EXPECT_TRUE(eventually([&] { return read(), consumer.is_at_end(partition); }));
  EXPECT_EQ(got, count);
}

TEST_F(ConsumerOnBroker, WhatWasPausedWhenItWasRevokedIsReadWhenItComesBack) {
  auto topic = make_topic(24);
  fill(topic, 2400);
  Seen one, two;
  auto first = join("paused", topic, one.events());
  ASSERT_TRUE(eventually([&] { return first->poll(10ms, 1) && one.mine.size() == 24; }));
  for (const auto& partition : one.mine) {
    ASSERT_TRUE(eventually([&] { return first->seek(partition, Offset{0}).has_value(); }));
    first->hold(partition);
  }
  auto second = join("paused", topic, two.events(), true);
  ASSERT_TRUE(eventually(
      [&] { return first->poll(10ms, 1) && second->poll(10ms, 1) && one.mine.size() == 12 && two.mine.size() == 12; }));
  second->close();
  auto back = [&] { return first->poll(10ms, 1) && one.mine.size() == 24; };
  ASSERT_TRUE(eventually(back));
  for (const auto& partition : one.mine) {
    ASSERT_TRUE(eventually([&] { return first->seek(partition, Offset{0}).has_value(); }));
    first->release(partition);
  }
  std::map<TopicPartition, std::int64_t> next;
  for (const auto& record : take(*first, 2400)) EXPECT_EQ(record.offset().get(), next[record.topic_partition()]++);
  int got = 0;
  for (const auto& [partition, offset] : next) got += static_cast<int>(offset);
  EXPECT_EQ(got, 2400);
}

TEST_F(ConsumerOnBroker, SeeksBackAndForthAndNeverDeliversWhatWasBefore) {
  auto topic = make_topic(1);
  fill(topic, 5000);
  TopicPartition partition{topic, Partition{0}};
  auto consumer = join("seek", topic);
  ASSERT_EQ(take(*consumer, 700).size(), 700u);
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    auto to = static_cast<std::int64_t>(random() % 4900);
    bool is_held = random() % 2;
    if (is_held) consumer->hold(partition);
    if (random() % 2) (void)consumer->poll(5ms, 50);
    ASSERT_TRUE(eventually([&] { return consumer->seek(partition, Offset{to}).has_value(); }));
    if (is_held) {
      EXPECT_TRUE(consumer->poll(5ms, 50)->empty());
      consumer->release(partition);
    }
    auto records = take(*consumer, 1 + random() % 90);
    ASSERT_FALSE(records.empty());
    for (const auto& record : records) ASSERT_EQ(record.offset().get(), to++);
  }
  auto elsewhere = consumer->seek({topic, Partition{7}}, Offset{0});
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().kind, ErrorKind::not_found);
}

TEST_F(ConsumerOnBroker, StartsHeldAndReadsFromWhereItIsTold) {
  auto topic = make_topic(2);
  fill(topic, 50, Partition{0});
  fill(topic, 50, Partition{1});
  Seen seen;
  auto consumer = join("held", topic, seen.events(), true);
  ASSERT_TRUE(eventually([&] {
    auto records = consumer->poll(10ms, 100);
    EXPECT_TRUE(records && records->empty());
    return seen.mine.size() == 2;
  }));
  TopicPartition one{topic, Partition{0}}, other{topic, Partition{1}};
  ASSERT_TRUE(eventually([&] { return consumer->seek(one, Offset{20}).has_value(); }));
  EXPECT_TRUE(consumer->poll(20ms, 100)->empty());
  consumer->release(one);
  auto records = take(*consumer, 30);
  ASSERT_EQ(records.size(), 30u);
  EXPECT_EQ(records[0].offset().get(), 20);
  consumer->release(other);
  EXPECT_EQ(take(*consumer, 50).size(), 50u);
}

TEST_F(ConsumerOnBroker, SeekInsideAssignedSetsTheStart) {
  auto topic = make_topic(1);
  fill(topic, 40);
  std::unique_ptr<Consumer> consumer;
  ConsumerEvents events;
  events.assigned = [&](auto partitions) {
    for (const auto& partition : partitions) EXPECT_TRUE(consumer->seek(partition, Offset{33}));
  };
  consumer = join("start", topic, events);
  auto records = take(*consumer, 7);
  ASSERT_EQ(records.size(), 7u);
  EXPECT_EQ(records[0].offset().get(), 33);
}

TEST_F(ConsumerOnBroker, ContinuesWhereItWasCommitted) {
  auto topic = make_topic(1);
  fill(topic, 100);
  TopicPartition partition{topic, Partition{0}};
  auto consumer = join("commit", topic);
  ASSERT_EQ(take(*consumer, 100).size(), 100u);
  for (int next = 1; next <= 60; ++next) consumer->commit({{partition, Offset{next}}});
  auto admin = Admin::open(settings_, log_);
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(consumer->poll(5ms, 1));
    auto committed = (*admin)->committed(ConsumerGroup{"commit"}, 5s);
    return committed && (*committed)[partition] == Offset{60};
  }));
  auto done = consumer->commit_now({{partition, Offset{70}}}, 10s);
  ASSERT_TRUE(done) << to_string(done.error());
  consumer->close();
  auto next = join("commit", topic);
  auto records = take(*next, 30);
  ASSERT_EQ(records.size(), 30u);
  EXPECT_EQ(records[0].offset().get(), 70);
}

TEST_F(ConsumerOnBroker, CommitsInsideRevokedAndNeverAfter) {
  auto topic = make_topic(1);
  fill(topic, 30);
  TopicPartition partition{topic, Partition{0}};
  std::unique_ptr<Consumer> consumer;
  int revoked = 0;
  ConsumerEvents events;
  events.revoked = [&](auto partitions, bool is_lost) {
    ++revoked;
    EXPECT_FALSE(is_lost);
    ASSERT_EQ(partitions.size(), 1u);
    auto done = consumer->commit_now({{partition, Offset{12}}}, 10s);
    EXPECT_TRUE(done) << to_string(done.error());
    consumer->commit({{partition, Offset{15}}});
  };
  consumer = join("revoke", topic, events);
  ASSERT_EQ(take(*consumer, 30).size(), 30u);
  consumer->close();
  EXPECT_EQ(revoked, 1);
  consumer->commit({{partition, Offset{29}}});
  auto next = join("revoke", topic);
  auto records = take(*next, 15);
  ASSERT_EQ(records.size(), 15u);
  EXPECT_EQ(records[0].offset().get(), 15);
}

TEST_F(ConsumerOnBroker, WhatRevokedCommitsIsNotTakenBackByWhatWasUnderWay) {
  auto topic = make_topic(1);
  fill(topic, 200);
  TopicPartition partition{topic, Partition{0}};
  std::unique_ptr<Consumer> consumer;
  ConsumerEvents events;
  events.revoked = [&](auto, bool) {
    auto done = consumer->commit_now({{partition, Offset{150}}}, 10s);
    EXPECT_TRUE(done) << to_string(done.error());
  };
  consumer = join("under-way", topic, events);
  ASSERT_EQ(take(*consumer, 200).size(), 200u);
  consumer->commit({{partition, Offset{100}}});
  consumer->close();
  auto admin = Admin::open(settings_, log_);
  auto committed = (*admin)->committed(ConsumerGroup{"under-way"}, 10s);
  ASSERT_TRUE(committed);
  EXPECT_EQ((*committed)[partition], Offset{150});
}

TEST_F(ConsumerOnBroker, WaitsForAMissingTopic) {
  TopicName topic{"comes-later"};
  auto consumer = join("missing", topic);
  for (int i = 0; i < 20; ++i) {
    auto records = consumer->poll(20ms, 10);
    ASSERT_TRUE(records) << to_string(records.error());
    EXPECT_TRUE(records->empty());
  }
  auto admin = Admin::open(settings_, log_);
  ASSERT_TRUE((*admin)->create({{topic, 1, 1, {}}}, 20s));
  fill(topic, 5);
  EXPECT_EQ(take(*consumer, 5).size(), 5u);
}

TEST_F(ConsumerOnBroker, ARecordLargerThanTheBudgetPasses) {
  auto topic = make_topic(1, {{"max.message.bytes", "20000000"}});
  auto producer = make_producer({.max_message_bytes = 20'000'000});
  for (auto size : {100, 12'000'000, 100})
    ASSERT_TRUE(producer->send({topic, {}, std::string(static_cast<std::size_t>(size), 'x'), {}, 0, {}},
                               [](auto where) { EXPECT_TRUE(where); }));
  ASSERT_TRUE(producer->flush(30s));
  settings_.consumer_budget = {1 << 20};
  auto consumer = join("large", topic);
  auto records = take(*consumer, 3);
  ASSERT_EQ(records.size(), 3u) << "a record larger than the budget still passes";
  EXPECT_EQ(records[1].value().size(), 12'000'000u);
}

TEST(ConsumerOnAnOldBroker, FallsBackToTheClassicProtocol) {
  if (!test::Broker::is_available()) GTEST_SKIP() << "no Kafka in " << test::Broker::jars();
  test::Broker broker(test::Broker::Settings{{"group.coordinator.rebalance.protocols", "classic"}});
  auto settings = settings_of(broker);
  auto admin = Admin::open(settings, Log::silent());
  TopicName topic{"old"};
  auto made = (*admin)->create({{topic, 2, 1, {}}}, 20s);
  ASSERT_TRUE(made) << to_string(made.error());
  auto producer = Producer::open(settings, {}, Log::silent());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE((*producer)->send({topic, std::to_string(i), "v", {}, 0, {}}, {}));
  ASSERT_TRUE((*producer)->flush(20s));
  Seen seen;
  auto consumer = Consumer::open(settings, {ConsumerGroup{"old"}, {topic}, false}, seen.events(), Log::silent());
  EXPECT_EQ(take(**consumer, 100).size(), 100u);
  EXPECT_EQ(seen.mine.size(), 2u);
  EXPECT_TRUE((*consumer)->commit_now({{*seen.mine.begin(), Offset{1}}}, 10s));
  auto groups = (*admin)->groups({ConsumerGroup{"old"}}, 10s);
  ASSERT_TRUE(groups) << to_string(groups.error());
  ASSERT_EQ(groups->size(), 1u);
  EXPECT_EQ((*groups)[0].protocol, "classic");
  (*consumer)->close();
  EXPECT_TRUE(seen.mine.empty());
}

TEST(ConsumerOpen, RefusesUnknownProperties) {
  ClusterSettings settings;
  settings.properties["no.such.property"] = "1";
  auto consumer = Consumer::open(settings, {ConsumerGroup{"g"}, {TopicName{"t"}}, false}, {}, Log::silent());
  ASSERT_FALSE(consumer);
  EXPECT_EQ(consumer.error().kind, ErrorKind::configuration);
}

}  // namespace
}  // namespace loom::kafka
