// What the tests of this folder share: one real broker a program, topics of their own, and small ways to send and read.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "tests/support/test_broker.h"

namespace loom::kafka {

using namespace std::chrono_literals;

/// Started by the first test that needs it.
inline test::Broker& shared_broker() {
  static test::Broker broker;
  return broker;
}

inline ClusterSettings settings_of(const test::Broker& broker) {
  ClusterSettings settings;
  settings.bootstrap = broker.bootstrap();
  settings.client_id = "test";
  return settings;
}

/// Polls `what` until it is true; false after `seconds`.
inline bool eventually(const std::function<bool()>& what, std::chrono::seconds wait = 30s) {
  auto end = std::chrono::steady_clock::now() + wait;
  while (!what()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// Answers to sends, by the order of sending.
class Answers {
 public:
  Done expect() {
    std::lock_guard lock(mutex_);
    auto index = results_.size();
    results_.emplace_back();
    return [this, index](Result<Delivery> result) {
      std::lock_guard inner(mutex_);
      EXPECT_FALSE(results_[index]) << "answered twice";
      results_[index] = std::move(result);
      ++answered_;
    };
  }
  std::size_t answered() {
    std::lock_guard lock(mutex_);
    return answered_;
  }
  std::vector<std::optional<Result<Delivery>>> all() {
    std::lock_guard lock(mutex_);
    return results_;
  }
  std::string faults() {
    std::string text;
    for (const auto& result : all())
      text += !result ? "unanswered; " : *result ? "" : to_string(result->error()) + "; ";
    return text.substr(0, 300);
  }

 private:
  std::mutex mutex_;
  std::size_t answered_ = 0;
  std::vector<std::optional<Result<Delivery>>> results_;
};

class OnBroker : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::Broker::is_available()) GTEST_SKIP() << "no Kafka in " << test::Broker::jars();
    settings_ = settings_of(shared_broker());
  }

  TopicName make_topic(int partitions, std::map<std::string, std::string> settings = {}) {
    static std::atomic<int> serial{0};
    TopicName topic{"t" + std::to_string(++serial)};
    auto admin = Admin::open(settings_, log_);
    EXPECT_TRUE(admin);
    auto made = (*admin)->create({{topic, partitions, 1, std::move(settings)}}, 20s);
    EXPECT_TRUE(made) << to_string(made.error());
    return topic;
  }

  std::unique_ptr<Producer> make_producer(ProducerOptions options = {}) {
    auto producer = Producer::open(settings_, options, log_);
    EXPECT_TRUE(producer);
    return std::move(*producer);
  }

  /// Sends values "0" … "count-1" with their number as key, waits for the acknowledgements.
  void fill(const TopicName& topic, int count, std::optional<Partition> partition = {}) {
    auto producer = make_producer();
    for (int i = from_; i < from_ + count; ++i) {
      OutRecord record{topic, std::to_string(i), std::to_string(i), {}, 0, partition};
      ASSERT_TRUE(producer->send(std::move(record),
                                 [](Result<Delivery> where) { EXPECT_TRUE(where) << to_string(where.error()); }));
    }
    auto flushed = producer->flush(30s);
    ASSERT_TRUE(flushed) << to_string(flushed.error());
    from_ += count;
  }

  std::unique_ptr<Consumer> join(const std::string& group, const TopicName& topic, ConsumerEvents events = {},
                                 bool is_held = false) {
    auto consumer = Consumer::open(settings_, {ConsumerGroup{group}, {topic}, is_held}, std::move(events), log_);
    EXPECT_TRUE(consumer);
    return std::move(*consumer);
  }

  ClusterSettings settings_;
  Log log_ = std::getenv("LOOM_TEST_LOG") ? Log::to_stderr("test", LogLevel::debug) : Log::silent();
  int from_ = 0;
};

/// Polls until `count` records came.
inline std::vector<Record> take(Consumer& consumer, std::size_t count, std::chrono::seconds wait = 30s) {
  std::vector<Record> all;
  auto end = std::chrono::steady_clock::now() + wait;
  while (all.size() < count && std::chrono::steady_clock::now() < end) {
    auto records = consumer.poll(50ms, count - all.size());
    EXPECT_TRUE(records) << to_string(records.error());
    if (!records) break;
    for (auto& record : *records) all.push_back(std::move(record));
  }
  return all;
}

inline std::vector<std::string> values_of(const std::vector<Record>& records) {
  std::vector<std::string> values;
  for (const auto& record : records) values.emplace_back(record.value());
  return values;
}

}  // namespace loom::kafka
