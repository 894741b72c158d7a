// What happens when the one broker stops, hangs or restarts: everything sent ends acknowledged, everything read goes
// on.
#include <signal.h>

#include <algorithm>
#include <set>

#include "kafka/broker_for_tests.h"

namespace loom::kafka {
namespace {

class BrokerAway : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::Broker::is_available()) GTEST_SKIP() << "no Kafka in " << test::Broker::jars();
    broker_ = std::make_unique<test::Broker>();
    settings_ = settings_of(*broker_);
    auto admin = Admin::open(settings_, Log::silent());
    auto made = (*admin)->create({{topic_, 2, 1, {}}}, 20s);
    ASSERT_TRUE(made) << to_string(made.error());
  }
  void send(Producer& producer, Answers& answers, int count) {
    for (int i = 0; i < count; ++i) {
      auto value = std::to_string(serial_++);
      ASSERT_TRUE(producer.send({topic_, value, value, {}, 0, {}}, answers.expect()));
    }
  }
  std::unique_ptr<test::Broker> broker_;
  ClusterSettings settings_;
  TopicName topic_{"away"};
  int serial_ = 0;
};

TEST_F(BrokerAway, EverythingEndsAcknowledgedAndRead) {
  auto producer = Producer::open(settings_, {}, Log::silent());
  auto consumer = Consumer::open(settings_, {ConsumerGroup{"away"}, {topic_}, false}, {}, Log::silent());
  ASSERT_TRUE((*producer)->warm(topic_, 20s));
  Answers answers;
  std::set<std::string> seen;
  auto read = [&] {
    auto records = (*consumer)->poll(20ms, 1000);
    EXPECT_TRUE(records) << to_string(records.error());
    for (const auto& record : *records) seen.emplace(record.value());
  };
  send(**producer, answers, 500);
  ASSERT_TRUE(eventually([&] { return read(), seen.size() == 500; }));

  broker_->pause();
  send(**producer, answers, 500);
  EXPECT_TRUE(eventually(
      [&] { return read(), (*producer)->since_broker_answered() > 3s && (*consumer)->since_broker_answered() > 3s; }));
  broker_->resume();
  ASSERT_TRUE(eventually([&] { return read(), answers.answered() == 1000; })) << answers.answered();

  broker_->stop(SIGKILL);
  send(**producer, answers, 500);
  broker_->start();
  ASSERT_TRUE(eventually([&] { return read(), answers.answered() == 1500; }, 60s)) << answers.answered();
  EXPECT_EQ(answers.faults(), "");
  EXPECT_TRUE(eventually([&] { return read(), seen.size() == 1500; }, 60s)) << seen.size();
  EXPECT_LT((*producer)->since_broker_answered(), 3s);
}

/// What can be read while the broker hangs is what was fetched before: of most held partitions that is nothing.
TEST_F(BrokerAway, FewHeldPartitionsArePrefetchedAndAllGoOnAfterwards) {
  constexpr int partitions = 24, records = 50;
  TopicName topic{"held"};
  ASSERT_TRUE((*Admin::open(settings_, Log::silent()))->create({{topic, partitions, 1, {}}}, 20s));
  auto producer = Producer::open(settings_, {}, Log::silent());
  for (int i = 0; i < partitions * records; ++i)
    ASSERT_TRUE((*producer)->send({topic, {}, "v", {}, 0, Partition{i % partitions}}, {}));
  ASSERT_TRUE((*producer)->flush(20s));
  std::map<TopicPartition, std::int64_t> next;
  auto read = [&](Consumer& consumer, std::size_t most) {
    auto got = consumer.poll(5ms, most);
    EXPECT_TRUE(got) << to_string(got.error());
    for (const auto& record : *got) EXPECT_EQ(record.offset().get(), next[record.topic_partition()]++);
  };
  ConsumerEvents events;
  events.assigned = [&](auto given) {
    for (const auto& partition : given) next[partition] = 0;
  };
  auto consumer = Consumer::open(settings_, {ConsumerGroup{"held"}, {topic}, true}, events, Log::silent());
  ASSERT_TRUE(eventually([&] { return read(**consumer, 1), next.size() == partitions; }));
  for (const auto& [partition, offset] : next) {
    ASSERT_TRUE(eventually([&] { return (*consumer)->seek(partition, Offset{0}).has_value(); }));
    (*consumer)->release(partition);
    (*consumer)->hold(partition);
  }
  for (int i = 0; i < 200; ++i) read(**consumer, 1);  // time enough to fetch all of it
  broker_->pause();
  for (const auto& [partition, offset] : next) (*consumer)->release(partition);
  for (int i = 0; i < 50; ++i) read(**consumer, 1000);
  auto prefetched = std::ranges::count_if(next, [](const auto& one) { return one.second != 0; });
  EXPECT_LE(prefetched, 8);
  broker_->resume();
  EXPECT_TRUE(eventually(
      [&] {
        read(**consumer, 1000);
        return std::ranges::all_of(next, [](const auto& one) { return one.second == records; });
      },
      60s));
}

TEST_F(BrokerAway, ATimedOutRecordSaysSo) {
  ProducerOptions options;
  options.delivery_timeout = 1s;
  auto producer = Producer::open(settings_, options, Log::silent());
  ASSERT_TRUE((*producer)->warm(topic_, 20s));
  broker_->pause();
  Answers answers;
  send(**producer, answers, 3);
  ASSERT_TRUE(eventually([&] { return answers.answered() == 3; }));
  for (const auto& answer : answers.all())
    EXPECT_EQ(answer->error().kind, ErrorKind::timeout) << to_string(answer->error());
  broker_->resume();
  Answers later;
  ASSERT_TRUE(eventually(
      [&] {
        send(**producer, later, 1);
        return eventually([&] { return later.answered() == later.all().size(); }, 5s) && *later.all().back();
      },
      60s))
      << later.faults();
}

}  // namespace
}  // namespace loom::kafka
