// What the tests of the consume loop share: a loop on a fake Kafka, run by a thread, with a handler that the test
// gives.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "runner/consume_loop.h"
#include "runner/fake_kafka.h"
#include "runner/headers.h"

namespace loom::runner {
using std::chrono::milliseconds;
using Handle = std::function<std::vector<Verdict>(std::span<const model::Record* const>)>;

struct FunctionWorker : Worker {
  explicit FunctionWorker(Handle function) : function_(std::move(function)) {}
  std::vector<Verdict> handle(std::span<const model::Record* const> records) override { return function_(records); }
  Handle function_;
};

inline Handle each_by_itself(std::function<Verdict(const model::Record&)> decide) {
  return [decide = std::move(decide)](std::span<const model::Record* const> records) {
    std::vector<Verdict> verdicts;
    for (const auto* record : records) verdicts.push_back(decide(*record));
    return verdicts;
  };
}

inline Verdict emitted() { return Emit{{Output{"{}", {}, {}}}}; }
inline Retry again(ErrorKind kind = ErrorKind::unavailable) { return Retry{Error{kind, "not now", "", "", ""}}; }
inline std::optional<Error> error_of(ErrorKind kind) { return Error{kind, "cause", "", "", ""}; }

inline std::string header_of(const model::OutRecord& record, std::string_view name) {
  for (const auto& [header, value] : record.headers)
    if (header == name) return value;
  return {};
}
/// topic/partition/offset of what an output came from.
inline std::string origin_of(const model::OutRecord& record) {
  auto hop = header_of(record, header::hop);
  auto from = hop.find(R"("from":")") + 8;
  return hop.substr(from, hop.find('"', from) - from);
}

/// A gate that handlers wait at, so that a test decides when they go on.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_open_; });
  }
  void open() {
    std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
};

class ConsumeLoopTest : public testing::Test {
 protected:
  ConsumeLoopTest() {
    options_.group = ConsumerGroup{"g"};
    options_.stage = "test";
    options_.instance = "i";
    options_.inputs = {TopicName{"in"}};
    options_.output = TopicName{"out"};
    options_.commit_every = milliseconds(1);
    ports_.backoff = {.first = 200, .most = 2000};
    ports_.cluster_id = [](const std::atomic<bool>&) -> Result<std::string> { return "cluster"; };
    ports_.open_producer = [this]() -> Result<std::unique_ptr<kafka::Producer>> {
      return std::make_unique<FakeProducer>(kafka_);
    };
    ports_.open_consumer = [this](kafka::ConsumerOptions options,
                                  kafka::ConsumerEvents events) -> Result<std::unique_ptr<kafka::Consumer>> {
      return std::make_unique<FakeConsumer>(kafka_, std::move(options), std::move(events));
    };
    handles(each_by_itself([](const model::Record&) { return emitted(); }));
  }
  ~ConsumeLoopTest() override { stop(); }

  void handles(Handle handle) {
    work_.make_worker = [handle = std::move(handle)](const WorkerContext&) -> Result<std::unique_ptr<Worker>> {
      return std::make_unique<FunctionWorker>(handle);
    };
  }
  void start() {
    loop_ = std::make_unique<ConsumeLoop>(ports_, options_, work_, registry_, Log::silent());
    thread_ = std::thread([this] { result_ = loop_->run(stop_); });
  }
  void stop() {
    stop_ = true;
    kafka_.touch();
    if (thread_.joinable()) thread_.join();
  }
  static model::TopicPartition at(int partition) { return {TopicName{"in"}, Partition{partition}}; }
  void put(int partition, std::optional<std::string> key, std::string value = R"({"a":1})") {
    kafka_.put({"in", partition, 0, 0, std::move(key), std::move(value), {}});
  }
  bool wait_for_commit(int partition, std::int64_t offset) {
    return kafka_.wait_until(
        [&] { return kafka_.committed.contains(at(partition)) && kafka_.committed[at(partition)].get() >= offset; });
  }
  bool wait_for_output(std::size_t count) {
    return kafka_.wait_until([&] { return kafka_.acknowledged.size() >= count; });
  }
  std::vector<std::string> origins(const std::string& topic = "out") {
    std::vector<std::string> origins;
    for (const auto& record : kafka_.of(topic)) origins.push_back(origin_of(record));
    return origins;
  }
  std::uint64_t settled(const std::string& how) {
    return registry_.counter("loom_settled_total", "", {{"group", "g"}, {"topic", "in"}, {"outcome", how}}).value();
  }
  using Names = std::vector<std::string>;

  FakeKafka kafka_;
  Registry registry_;
  Ports ports_;
  RunnerOptions options_;
  Work work_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<ConsumeLoop> loop_;
  std::thread thread_;
  Result<void> result_;
  std::atomic<bool> is_handling_{false};
};

}  // namespace loom::runner
