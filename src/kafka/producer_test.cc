#include "kafka/producer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <set>

#include "kafka/broker_for_tests.h"
#include "kafka/producer_session.h"
#include "kafka/rd.h"

namespace loom::kafka {
namespace {

TEST(ErrorTable, SaysWhatACodeMeans) {
  EXPECT_EQ(rd::kind_of(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT), ErrorKind::timeout);
  EXPECT_EQ(rd::kind_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), ErrorKind::too_large);
  EXPECT_EQ(rd::kind_of(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC), ErrorKind::not_found);
  EXPECT_EQ(rd::kind_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), ErrorKind::configuration);
  EXPECT_EQ(rd::kind_of(RD_KAFKA_RESP_ERR__TRANSPORT), ErrorKind::unavailable);
  EXPECT_EQ(rd::kind_of(RD_KAFKA_RESP_ERR__BAD_MSG), ErrorKind::internal);
  auto error = rd::error_of(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "topic 'x'");
  EXPECT_NE(error.message.find("topic 'x'"), std::string::npos);
  EXPECT_EQ(error.code, "_UNKNOWN_TOPIC");
  EXPECT_FALSE(error.remedy.empty());
}

TEST(ProducerOpen, RefusesUnknownProperties) {
  ClusterSettings settings;
  settings.properties["no.such.property"] = "1";
  auto producer = Producer::open(settings, {}, Log::silent());
  ASSERT_FALSE(producer);
  EXPECT_EQ(producer.error().kind, ErrorKind::configuration);
  EXPECT_NE(producer.error().message.find("no.such.property"), std::string::npos);
}

TEST(ProducerWithoutBroker, BoundsItsMemoryAndTimesOut) {
  ClusterSettings settings;
  settings.bootstrap = "127.0.0.1:1";
  settings.producer_budget = {4000};
  ProducerOptions options;
  options.delivery_timeout = 300ms;
  auto producer = Producer::open(settings, options, Log::silent());
  ASSERT_TRUE(producer);
  Answers answers;
  std::size_t sent = 0;
  OutRecord record{TopicName{"t"}, "k", std::string(400, 'x'), {{"h", "v"}}, 0, {}};
  Result<void> result;
  for (; sent < 100; ++sent) {
    auto copy = record;
    result = (*producer)->send(std::move(copy), answers.expect());
    if (!result) {
      EXPECT_EQ(copy.value, record.value) << "an error leaves the record with the caller";
      break;
    }
  }
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::full);
  EXPECT_EQ(sent, 4000 / record.bytes());
  EXPECT_EQ((*producer)->records_in_flight(), sent);
  EXPECT_EQ((*producer)->bytes_in_flight(), sent * record.bytes());
  auto flushed = (*producer)->flush(1ms);
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().kind, ErrorKind::timeout);
  ASSERT_TRUE(eventually([&] { return answers.answered() == sent; }));
  EXPECT_EQ((*answers.all()[0]).error().kind, ErrorKind::timeout);
  EXPECT_EQ((*producer)->bytes_in_flight(), 0u);
  auto warmed = (*producer)->warm(TopicName{"t"}, 50ms);
  ASSERT_FALSE(warmed);
  EXPECT_EQ(warmed.error().kind, ErrorKind::unavailable);
  EXPECT_GT((*producer)->since_broker_answered(), 100ms);
}

TEST(ProducerWithoutBroker, DropsWhatIsInFlightAtTheEnd) {
  ClusterSettings settings;
  settings.bootstrap = "127.0.0.1:1";
  auto producer = Producer::open(settings, {}, Log::silent());
  auto alive = std::make_shared<int>(1);
  ASSERT_TRUE((*producer)->send({TopicName{"t"}, {}, "v", {}, 0, {}}, [alive](Result<Delivery>) { FAIL(); }));
  producer->reset();
  EXPECT_EQ(alive.use_count(), 1) << "the callback was freed";
}

using ProducerOnBroker = OnBroker;

TEST_F(ProducerOnBroker, KeepsKeysHeadersTimesAndPutsKeysWhereJavaDoes) {
  auto topic = make_topic(6);
  auto producer = make_producer();
  ASSERT_TRUE(producer->warm(topic, 20s));
  // Partitions that Java's client gives on six partitions: (murmur2(key) & 0x7fffffff) % 6.
  const std::map<std::string, int> java{
      {"device-1", 4}, {"phone-1", 5}, {"21", 0}, {"foobar", 0}, {"a-little-bit-long-string", 2}, {"", 3}};
  std::map<std::string, int> ours;
  for (const auto& [key, partition] : java)
    ASSERT_TRUE(
        producer->send({topic, key, "v" + key, {{"a", "1"}, {"a", "2"}, {"b", std::string("\0x", 2)}}, 1234567, {}},
                       [&ours, key](Result<Delivery> where) { ours[key] = where ? where->partition.get() : -1; }));
  ASSERT_TRUE(producer->flush(20s));
  EXPECT_EQ(ours, java);
  auto consumer = join("keys", topic);
  auto records = take(*consumer, java.size());
  ASSERT_EQ(records.size(), java.size());
  for (const auto& record : records) {
    EXPECT_EQ(record.value(), "v" + std::string(*record.key()));
    EXPECT_EQ(record.timestamp_ms(), 1234567);
    EXPECT_EQ(record.header("a"), "2") << "the last of that name";
    EXPECT_EQ(record.header("b"), (std::string_view("\0x", 2)));
    EXPECT_FALSE(record.header("c"));
    EXPECT_EQ(record.headers().size(), 3u);
    EXPECT_EQ(record.topic(), topic.get());
  }
}

TEST_F(ProducerOnBroker, NamesMissingTopicsAndSizes) {
  auto small = make_topic(1, {{"max.message.bytes", "2000"}});
  auto producer = make_producer({.max_message_bytes = 100'000});
  Answers answers;
  ASSERT_TRUE(producer->send({TopicName{"missing"}, {}, "v", {}, 0, {}}, answers.expect()));
  ASSERT_TRUE(producer->send({small, {}, std::string(50'000, 'x'), {}, 0, {}}, answers.expect()));
  ASSERT_TRUE(eventually([&] { return answers.answered() == 2; }));
  auto all = answers.all();
  EXPECT_EQ(all[0]->error().kind, ErrorKind::not_found) << to_string(all[0]->error());
  EXPECT_EQ(all[1]->error().kind, ErrorKind::too_large) << to_string(all[1]->error());
  auto again = producer->send({TopicName{"missing"}, {}, "v", {}, 0, {}}, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::not_found);
  auto huge = producer->send({small, {}, std::string(200'000, 'x'), {}, 0, {}}, {});
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().kind, ErrorKind::too_large);
  auto warmed = producer->warm(TopicName{"missing"}, 20s);
  ASSERT_FALSE(warmed);
  EXPECT_EQ(warmed.error().kind, ErrorKind::not_found);
}

TEST_F(ProducerOnBroker, WakesAnEventLoop) {
  auto topic = make_topic(1);
  auto producer = make_producer({.polling = ProducerOptions::Polling::by_caller, .linger = 0ms});
  ASSERT_TRUE(producer->warm(topic, 20s));
  int wake = ::eventfd(0, EFD_NONBLOCK);
  producer->wake(wake);
  auto here = std::this_thread::get_id();
  for (int i = 0; i < 3; ++i) {
    bool is_done = false;
    ASSERT_TRUE(producer->send({topic, {}, std::string(100'000, 'x'), {}, 0, {}}, [&](Result<Delivery> where) {
      EXPECT_EQ(where->offset.get(), i);
      EXPECT_EQ(std::this_thread::get_id(), here);
      is_done = true;
    }));
    while (!is_done) {
      pollfd waiting{wake, POLLIN, 0};
      ASSERT_EQ(::poll(&waiting, 1, 10'000), 1);
      std::uint64_t count = 0;
      ASSERT_EQ(::read(wake, &count, sizeof count), static_cast<ssize_t>(sizeof count));
      producer->serve(0ms);
    }
  }
  producer.reset();
  ::close(wake);
}

TEST_F(ProducerOnBroker, SaysThatTheBrokerAnswersWhileIdle) {
  auto topic = make_topic(1);
  auto producer = make_producer();
  ASSERT_TRUE(producer->warm(topic, 20s));
  auto last = 0ms;
  // Rises while nothing is sent and falls with each metadata answer.
  EXPECT_TRUE(eventually([&] {
    auto now = producer->since_broker_answered();
    bool is_fresh = last > 500ms && now < last;
    last = now;
    return is_fresh;
  }));
}

TEST_F(ProducerOnBroker, SendsAgainAfterAFatalError) {
  auto topic = make_topic(1);
  for (auto polling : {ProducerOptions::Polling::own_thread, ProducerOptions::Polling::by_caller}) {
    auto producer = make_producer({.polling = polling});
    ASSERT_TRUE(producer->warm(topic, 20s));
    Answers answers;
    const int count = 5000;
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(producer->send({topic, "k", std::to_string(i), {}, 0, {}}, answers.expect()));
      if (i == count / 2) break_session(*producer);
    }
    auto flushed = producer->flush(30s);
    ASSERT_TRUE(flushed) << to_string(flushed.error());
    ASSERT_EQ(answers.answered(), static_cast<std::size_t>(count));
    EXPECT_EQ(answers.faults(), "");
  }
  // First appearances follow the order of sending.
  auto admin = Admin::open(settings_, log_);
  TopicPartition partition{topic, Partition{0}};
  auto marks = (*admin)->watermarks({partition}, 20s);
  ASSERT_TRUE(marks) << to_string(marks.error());
  std::vector<std::string> first;
  std::set<std::string> seen;
  auto note = [&](const Record* record) {
    if (record && seen.emplace(record->value()).second) first.emplace_back(record->value());
    return true;
  };
  ASSERT_TRUE(read(settings_, {{partition, {Offset{0}, marks->at(partition).high}}}, note, log_));
  ASSERT_EQ(first.size(), 5000u);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(first[static_cast<std::size_t>(i)], std::to_string(i));
}

}  // namespace
}  // namespace loom::kafka
