// What the runner costs a message, above librdkafka: a pass-through stage between a consumer that has records ready and
// a producer that acknowledges from its own thread. CPU of the process over messages; `overhead_bench [messages]
// [workers] [batch]`.
#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/ids.h"
#include "runner/consume_loop.h"
#include "runner/stage_work.h"

namespace loom::runner {
namespace {

constexpr int partitions = 6, devices = 1000;

struct Sample {
  std::string key, value;
  model::Headers headers;
};
std::vector<Sample> samples() {
  std::vector<Sample> made;
  for (int i = 0; i < devices; ++i) {
    auto id = new_message_id(1'700'000'000'000'000 + i), trace = new_trace_id(), device = "device-" + std::to_string(i);
    made.push_back(
        {device,
         R"({"schema_version":"1.0","message_id":")" + id + R"(","message_type":"gps_reading","device_id":")" + device +
             R"(","recorded_at":"2026-11-23T12:00:00.123456Z","timestamp":"2026-11-23T12:00:00.456789Z","trace_id":")" +
             trace + R"(","data":{"latitude":52.52,"longitude":13.4,"speed":3.5},"metadata":{}})",
         {{"message_id", id},
          {"part", ""},
          {"message_type", "gps_reading"},
          {"traceparent", make_traceparent(trace, new_span_id())},
          {"content-type", "application/json"}}});
  }
  return made;
}

class ReadyConsumer : public kafka::Consumer {
 public:
  ReadyConsumer(std::int64_t messages, kafka::ConsumerEvents events) : left_(messages), events_(std::move(events)) {}
  Result<std::vector<model::Record>> poll(std::chrono::milliseconds wait, std::size_t max) override {
    if (next_ == 0 && left_ > 0) {
      std::vector<model::TopicPartition> all;
      for (int i = 0; i < partitions; ++i) all.push_back({TopicName{"in"}, Partition{i}});
      events_.assigned(all);
    }
    std::vector<model::Record> records;
    records.reserve(max);
    for (; records.size() < std::min<std::size_t>(max, 1000) && left_ > 0; --left_, ++next_) {
      if (held_[static_cast<std::size_t>(next_ / 100 % partitions)]) {
        ++left_, next_ += 100 - next_ % 100;
        if (++skipped_ % partitions == 0) break;
        continue;
      }
      auto* sample = &samples_[static_cast<std::size_t>(next_ % devices)];
      model::Record::Foreign it;
      it.owner = sample;
      it.headers = [](const void* owner) { return static_cast<const Sample*>(owner)->headers; };
      it.header = [](const void* owner, std::string_view name) -> std::optional<std::string_view> {
        for (const auto& [header, value] : static_cast<const Sample*>(owner)->headers)
          if (header == name) return value;
        return std::nullopt;
      };
      it.topic = "in", it.partition = static_cast<std::int32_t>(next_ / 100 % partitions), it.offset = next_;
      it.key = sample->key, it.value = sample->value;
      records.emplace_back(it);
    }
    if (records.empty()) std::this_thread::sleep_for(std::min(wait, std::chrono::milliseconds(1)));
    return records;
  }
  void hold(const model::TopicPartition& partition) override {
    held_[static_cast<std::size_t>(partition.partition.get())] = true;
  }
  void release(const model::TopicPartition& partition) override {
    held_[static_cast<std::size_t>(partition.partition.get())] = false;
  }
  Result<void> seek(const model::TopicPartition&, Offset) override { return {}; }
  void commit(const kafka::Offsets&) override {}
  Result<void> commit_now(const kafka::Offsets&, std::chrono::milliseconds) override { return {}; }
  void close() override {}
  [[nodiscard]] std::chrono::milliseconds since_broker_answered() const override { return {}; }

 private:
  std::int64_t left_, next_ = 0, skipped_ = 0;
  std::array<bool, partitions> held_{};
  std::vector<Sample> samples_ = samples();
  kafka::ConsumerEvents events_;
};

class ReadyProducer : public kafka::Producer {
 public:
  explicit ReadyProducer(std::atomic<std::int64_t>& acknowledged)
      : acknowledged_(acknowledged), thread_([this] { answer(); }) {}
  ~ReadyProducer() override {
    is_ended_ = true;
    thread_.join();
  }
  Result<void> send(model::OutRecord&& record, kafka::Done done) override {
    auto sent = std::move(record);
    std::lock_guard lock(mutex_);
    open_.push_back(std::move(done));
    return {};
  }
  void wake(int) override {}
  std::size_t serve(std::chrono::milliseconds) override { return 0; }
  Result<void> warm(const TopicName&, std::chrono::milliseconds) override { return {}; }
  Result<void> flush(std::chrono::milliseconds) override { return {}; }
  [[nodiscard]] std::size_t bytes_in_flight() const override { return 0; }
  [[nodiscard]] std::size_t records_in_flight() const override { return 0; }
  [[nodiscard]] std::chrono::milliseconds since_broker_answered() const override { return {}; }

 private:
  void answer() {
    std::vector<kafka::Done> answers;
    while (!is_ended_) {
      {
        std::lock_guard lock(mutex_);
        answers.swap(open_);
      }
      for (auto& done : answers) done(kafka::Delivery{});
      acknowledged_ += static_cast<std::int64_t>(answers.size());
      answers.clear();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  std::atomic<std::int64_t>& acknowledged_;
  std::mutex mutex_;
  std::vector<kafka::Done> open_;
  std::atomic<bool> is_ended_{false};
  std::thread thread_;
};

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

int measure(std::int64_t messages, int workers, std::size_t batch) {
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  RunnerOptions options;
  options.group = ConsumerGroup{"pass-through"};
  options.stage = "pass", options.instance = "bench", options.inputs = {TopicName{"in"}},
  options.output = TopicName{"out"};
  StageWork stage;
  stage.group = options.group;
  stage.lanes = workers;
  stage.batch = batch;
  stage.make_handler = []() -> Result<BatchHandler> {
    return one_by_one([](const Envelope&) { return with_result("{}"); });
  };
  Ports ports;
  ports.cluster_id = [](std::chrono::milliseconds) -> Result<std::string> { return "bench"; };
  ports.open_producer = [&]() -> Result<std::unique_ptr<kafka::Producer>> {
    return std::make_unique<ReadyProducer>(acknowledged);
  };
  ports.open_consumer = [&](const kafka::ConsumerOptions&,
                            kafka::ConsumerEvents events) -> Result<std::unique_ptr<kafka::Consumer>> {
    return std::make_unique<ReadyConsumer>(messages, std::move(events));
  };
  Registry registry;
  ConsumeLoop loop(std::move(ports), options, work_of(std::move(stage)), registry, Log::silent());
  auto cpu = cpu_seconds();
  auto started = steady_now();
  std::thread running([&] { (void)loop.run(stop); });
  while (acknowledged < messages) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  auto wall = static_cast<double>(steady_now() - started) / 1e6;
  cpu = cpu_seconds() - cpu;
  stop = true;
  running.join();
  auto count = static_cast<double>(messages);
  std::printf("%lld messages, %d workers, batch %zu: %.2f CPU-us a message, %.0f messages/s\n",
              static_cast<long long>(messages), workers, batch, cpu * 1e6 / count, count / wall);
  return 0;
}

}  // namespace
}  // namespace loom::runner

int main(int argc, char** argv) {
  return loom::runner::measure(argc > 1 ? std::atoll(argv[1]) : 1'000'000, argc > 2 ? std::atoi(argv[2]) : 1,
                               argc > 3 ? static_cast<std::size_t>(std::atoll(argv[3])) : 1);
}
