// The runner against a real Kafka: members come and go, and every identity is in the output.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/clock.h"
#include "base/ids.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "model/message.h"
#include "runner/headers.h"
#include "runner/runner.h"
#include "runner/stage_work.h"
#include "tests/support/test_broker.h"

namespace loom::runner {
namespace {

using namespace std::chrono_literals;

const TopicName input{"in"}, output{"out"};
const ConsumerGroup group{"upper-consumer"};

std::string upper(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

/// One process of the group, as `loom run` would be.
class Instance {
 public:
  Instance(const model::ClusterSettings& settings, std::string name) {
    RunnerOptions options;
    options.group = group;
    options.stage = "upper";
    options.instance = std::move(name);
    options.inputs = {input};
    options.output = output;
    StageWork stage;
    stage.group = group;
    stage.lanes = 2;
    stage.make_handler = []() -> Result<BatchHandler> {
      return one_by_one([](const Envelope& message) -> Outcome {
        auto text = message.string_at("data.text");
        if (!text) return outcome_of(text.error());
        return with_result(json::Writer{}.field("text", upper(*text)).text());
      });
    };
    auto runner = Runner::open(settings, std::move(options), work_of(std::move(stage)), registry_, Log::silent());
    if (!runner) throw std::runtime_error(to_string(runner.error()));
    runner_ = std::move(*runner);
    thread_ = std::thread([this] { result_ = runner_->run(stop_); });
  }
  ~Instance() { leave(); }
  void leave() {
    stop_ = true;
    if (!thread_.joinable()) return;
    thread_.join();
    EXPECT_TRUE(result_) << to_string(result_.error());
  }
  bool has_partitions() {
    return registry_.gauge("loom_partitions", "", {{"group", group.get()}, {"topic", input.get()}}).value() > 0;
  }
  std::uint64_t settled() {
    return registry_
        .counter("loom_settled_total", "", {{"group", group.get()}, {"topic", input.get()}, {"outcome", "emitted"}})
        .value();
  }

 private:
  Registry registry_;
  std::atomic<bool> stop_{false};
  Result<void> result_;
  std::unique_ptr<Runner> runner_;
  std::thread thread_;
};

class RunnerOnKafka : public testing::Test {
 protected:
  static constexpr int records = 10'000, devices = 50;

  RunnerOnKafka() {
    settings_.bootstrap = broker_.bootstrap();
    admin_ = std::move(*kafka::Admin::open(settings_, Log::silent()));
    std::vector<kafka::NewTopic> topics;
    for (const auto& name : {input, output, TopicName{"dlq.upper-consumer"}, TopicName{"drops.upper-consumer"}})
      topics.push_back({name, 6, 1, {}});
    EXPECT_TRUE(admin_->create(topics, 30s));
  }

  void send(int from, int until) {
    auto producer = std::move(*kafka::Producer::open(settings_, {}, Log::silent()));
    ASSERT_TRUE(producer->warm(input, 30s));
    for (int i = from; i < until; ++i) {
      model::EdgeMessage message;
      message.message_id = new_message_id(now_micros());
      message.trace_id = new_trace_id();
      auto device = "device-" + std::to_string(i % devices);
      auto data = R"({"n":)" + std::to_string(i) + R"(,"text":"abc"})";
      message.message_type = "note", message.device_id = device, message.data = data;
      message.recorded_at = message.timestamp = now_micros();
      model::OutRecord record{input, device, "", {}, 0, {}};
      model::encode(record.value, message);
      record.headers = {{"message_id", message.message_id},
                        {"part", ""},
                        {"message_type", "note"},
                        {"traceparent", make_traceparent(message.trace_id, new_span_id())}};
      sent_[device].push_back(message.message_id);
      ASSERT_TRUE(producer->send(std::move(record), [](const Result<kafka::Delivery>& where) { EXPECT_TRUE(where); }));
    }
    ASSERT_TRUE(producer->flush(60s));
  }

  /// First appearances in the output, per device in order; and how many there are again.
  std::map<std::string, std::vector<std::string>> read_output(std::size_t& repeated) {
    std::vector<model::TopicPartition> partitions;
    for (int i = 0; i < 6; ++i) partitions.push_back({output, Partition{i}});
    std::map<model::TopicPartition, kafka::Range> ranges;
    auto marks = admin_->watermarks(partitions, 30s);
    EXPECT_TRUE(marks);
    for (const auto& [partition, mark] : *marks)
      if (mark.high > mark.low) ranges[partition] = {mark.low, mark.high};
    std::map<std::string, std::vector<std::string>> seen;
    std::set<std::string> ids;
    auto visit = [&](const model::Record* record) {
      if (!record) return true;
      std::string id(record->header(header::message_id).value_or(""));
      EXPECT_NE(record->value().find(R"("text":"ABC")"), std::string_view::npos);
      if (ids.insert(id).second)
        seen[std::string(record->key().value_or(""))].push_back(id);
      else
        ++repeated;
      return true;
    };
    EXPECT_TRUE(kafka::read(settings_, ranges, visit, Log::silent()));
    return seen;
  }
  bool is_all_committed() {
    std::vector<model::TopicPartition> partitions;
    for (int i = 0; i < 6; ++i) partitions.push_back({input, Partition{i}});
    auto marks = admin_->watermarks(partitions, 30s);
    auto committed = admin_->committed(group, 30s);
    if (!marks || !committed) return false;
    for (const auto& [partition, mark] : *marks)
      if (mark.high.get() > 0 && (*committed)[partition] != mark.high) return false;
    return true;
  }

  test::Broker broker_;
  model::ClusterSettings settings_;
  std::unique_ptr<kafka::Admin> admin_;
  std::map<std::string, std::vector<std::string>> sent_;
};

TEST_F(RunnerOnKafka, EveryIdentityIsInTheOutputThoughMembersComeAndGo) {
  auto first = std::make_unique<Instance>(settings_, "first");
  auto wait_for = [](const std::function<bool()>& condition) {
    for (auto end = std::chrono::steady_clock::now() + 60s; std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  };
  send(0, 2000);
  EXPECT_TRUE(wait_for([&] { return first->settled() > 100; }));
  auto second = std::make_unique<Instance>(settings_, "second");
  auto third = std::make_unique<Instance>(settings_, "third");
  EXPECT_TRUE(wait_for([&] { return second->has_partitions() && third->has_partitions(); }));
  std::thread sending([&] { send(2000, records); });
  EXPECT_TRUE(wait_for([&] { return second->settled() + third->settled() > 500; }));
  first->leave();
  auto fourth = std::make_unique<Instance>(settings_, "fourth");
  second->leave();
  sending.join();
  EXPECT_TRUE(wait_for([&] { return is_all_committed(); }));
  third->leave();
  fourth->leave();
  std::size_t repeated = 0;
  auto seen = read_output(repeated);
  EXPECT_EQ(seen, sent_) << "every identity, per key in order";
  EXPECT_LT(repeated, static_cast<std::size_t>(records) / 10)
      << "members that leave in good order settle what is in flight";
}

}  // namespace
}  // namespace loom::runner
