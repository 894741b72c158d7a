#include "runner/consume_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "runner/fake_kafka.h"
#include "runner/headers.h"

namespace loom::runner {
namespace {

using std::chrono::milliseconds;
using Handle = std::function<std::vector<Verdict>(std::span<const model::Record* const>)>;

struct FunctionWorker : Worker {
  explicit FunctionWorker(Handle function) : function_(std::move(function)) {}
  std::vector<Verdict> handle(std::span<const model::Record* const> records) override { return function_(records); }
  Handle function_;
};

Handle one_by_one(std::function<Verdict(const model::Record&)> decide) {
  return [decide = std::move(decide)](std::span<const model::Record* const> records) {
    std::vector<Verdict> verdicts;
    for (const auto* record : records) verdicts.push_back(decide(*record));
    return verdicts;
  };
}

Verdict emitted() { return Emit{{Output{"{}", {}, {}}}}; }
Retry again(ErrorKind kind = ErrorKind::unavailable) { return Retry{Error{kind, "not now", "", "", ""}}; }
std::optional<Error> error_of(ErrorKind kind) { return Error{kind, "cause", "", "", ""}; }

std::string header_of(const model::OutRecord& record, std::string_view name) {
  for (const auto& [header, value] : record.headers)
    if (header == name) return value;
  return {};
}
/// topic/partition/offset of what an output came from.
std::string origin_of(const model::OutRecord& record) {
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
    ports_.cluster_id = [](milliseconds) -> Result<std::string> { return "cluster"; };
    ports_.open_producer = [this]() -> Result<std::unique_ptr<kafka::Producer>> { return std::make_unique<FakeProducer>(kafka_); };
    ports_.open_consumer = [this](kafka::ConsumerOptions options, kafka::ConsumerEvents events) -> Result<std::unique_ptr<kafka::Consumer>> {
      return std::make_unique<FakeConsumer>(kafka_, std::move(options), std::move(events));
    };
    handles(one_by_one([](const model::Record&) { return emitted(); }));
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
    return kafka_.wait_until([&] { return kafka_.committed.contains(at(partition)) && kafka_.committed[at(partition)].get() >= offset; });
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

struct Shape {
  int workers;
  std::size_t batch;
  unsigned seed;
};
class AnyOrder : public ConsumeLoopTest, public testing::WithParamInterface<Shape> {};

TEST_P(AnyOrder, OutputsOfAKeyComeInInputOrderEachOnceDespiteRetries) {
  auto [workers, batch, seed] = GetParam();
  constexpr int records = 2000, partitions = 3;
  std::mt19937 random(seed);
  std::map<std::string, Names> wanted;
  for (int i = 0; i < records; ++i) {
    auto key = "k" + std::to_string(random() % 20);
    int partition = static_cast<int>(std::hash<std::string>{}(key) % partitions);
    wanted[key].push_back("in/" + std::to_string(partition) + "/" + std::to_string(kafka_.logs[at(partition)].size()));
    put(partition, key);
  }
  std::mutex mutex;
  work_.workers = workers;
  work_.batch_records = batch;
  options_.attempts = 1000;
  handles(one_by_one([&](const model::Record&) -> Verdict {
    std::lock_guard lock(mutex);
    if (random() % 10 == 0) return again(random() % 2 ? ErrorKind::unavailable : ErrorKind::invalid_value);
    return emitted();
  }));
  start();
  kafka_.assign({at(0), at(1), at(2)});
  ASSERT_TRUE(wait_for_output(records));
  for (int partition = 0; partition < partitions; ++partition)
    EXPECT_TRUE(wait_for_commit(partition, static_cast<std::int64_t>(kafka_.logs[at(partition)].size())));
  stop();
  std::map<std::string, Names> seen;
  for (const auto& record : kafka_.of("out")) seen[*record.key].push_back(origin_of(record));
  EXPECT_EQ(seen, wanted);
  EXPECT_EQ(kafka_.breaches, 0u);
  EXPECT_EQ(settled("emitted"), static_cast<std::uint64_t>(records));
}
INSTANTIATE_TEST_SUITE_P(Shapes, AnyOrder, testing::Values(Shape{1, 1, 1}, Shape{4, 1, 2}, Shape{4, 7, 3}, Shape{2, 500, 4}));

TEST_F(ConsumeLoopTest, OnlyAContiguousPrefixIsCommitted) {
  Gate gate;
  work_.workers = 2;
  for (int i = 0; i < 10; ++i) put(0, "k" + std::to_string(i));
  handles(one_by_one([&](const model::Record& record) -> Verdict {
    if (record.offset() == Offset{4}) gate.pass();
    return emitted();
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_output(9));
  ASSERT_TRUE(wait_for_commit(0, 4));
  EXPECT_EQ(kafka_.committed[at(0)], Offset{4});
  gate.open();
  EXPECT_TRUE(wait_for_commit(0, 10));
}

TEST_F(ConsumeLoopTest, NothingIsCommittedBeforeItsOutputIsAcknowledged) {
  kafka_.hold_answers();
  put(0, "k");
  ports_.revoke_wait = milliseconds(1);
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return !kafka_.sent.empty(); }));
  kafka_.revoke({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.changes_done == 2; }));
  EXPECT_TRUE(kafka_.commits.empty());
  kafka_.let_answers();
  ASSERT_TRUE(wait_for_output(1));
  stop();
  EXPECT_TRUE(kafka_.commits.empty()) << "it was acknowledged after the revoke";
  EXPECT_EQ(settled("emitted"), 0u);
}

TEST_F(ConsumeLoopTest, ARevokeWaitsForWhatIsInFlightAndCommitsIt) {
  ports_.revoke_wait = milliseconds(30'000);
  kafka_.hold_answers();
  put(0, "k");
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return !kafka_.sent.empty(); }));
  kafka_.revoke({at(0)});
  kafka_.let_answers();
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.changes_done == 2; }));
  EXPECT_EQ(kafka_.committed[at(0)], Offset{1});
  EXPECT_EQ(kafka_.breaches, 0u);
}

TEST_F(ConsumeLoopTest, AStuckHandlerDoesNotBlockARebalance) {
  Gate gate;
  ports_.revoke_wait = milliseconds(1);
  work_.workers = 2;
  put(0, "k");
  put(1, "k");
  handles(one_by_one([&](const model::Record& record) -> Verdict {
    if (record.partition() == Partition{0}) gate.pass();
    return emitted();
  }));
  start();
  kafka_.assign({at(0), at(1)});
  ASSERT_TRUE(wait_for_output(1));
  kafka_.revoke({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.changes_done == 2; }));
  put(1, "k");
  EXPECT_TRUE(wait_for_commit(1, 2));
  gate.open();
  stop();
  EXPECT_EQ(origins(), (Names{"in/1/0", "in/1/1"})) << "what the handler gave after the revoke is not sent";
}

TEST_F(ConsumeLoopTest, LostPartitionsAreNotCommitted) {
  ports_.revoke_wait = milliseconds(30'000);
  kafka_.hold_answers();
  put(0, "k");
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return !kafka_.sent.empty(); }));
  kafka_.lose({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.changes_done == 2; }));
  kafka_.let_answers();
  stop();
  EXPECT_TRUE(kafka_.commits.empty());
}

TEST_F(ConsumeLoopTest, ARetryHoldsOnlyItsLane) {
  std::atomic<bool> is_away{true};
  put(0, "stuck");
  put(0, "stuck");
  for (int i = 0; i < 20; ++i) put(0, "k" + std::to_string(i));
  handles(one_by_one([&](const model::Record& record) -> Verdict {
    if (is_away && record.key() == "stuck") return again();
    return emitted();
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_output(20));
  EXPECT_TRUE(kafka_.commits.empty());
  is_away = false;
  ASSERT_TRUE(wait_for_commit(0, 22));
  auto outputs = origins();
  EXPECT_EQ(Names(outputs.end() - 2, outputs.end()), (Names{"in/0/0", "in/0/1"}));
}

TEST_F(ConsumeLoopTest, ADataErrorIsADeadLetterAfterItsAttempts) {
  std::atomic<int> calls{0};
  options_.attempts = 3;
  put(0, "k", "\x01");
  put(0, "k");
  handles(one_by_one([&](const model::Record& record) -> Verdict {
    if (record.offset() == Offset{1}) return emitted();
    ++calls;
    return again(ErrorKind::invalid_value);
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 2));
  stop();
  EXPECT_EQ(calls, 3);
  auto letters = kafka_.of("dlq.g");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].value, "\x01");
  EXPECT_EQ(header_of(letters[0], header::attempts), "3");
  EXPECT_EQ(header_of(letters[0], header::error_kind), "invalid_value");
  EXPECT_EQ(origins(), (Names{"in/0/1"}));
  EXPECT_EQ(settled("dead"), 1u);
}

TEST_F(ConsumeLoopTest, EachVerdictSettlesAsWhatItIs) {
  for (int i = 0; i < 5; ++i) put(0, "k" + std::to_string(i));
  handles(one_by_one([&](const model::Record& record) -> Verdict {
    switch (record.offset().get()) {
      case 0: return Drop{"silence"};
      case 1: return Reject{Error{ErrorKind::malformed, "no", "", "", ""}};
      case 2: return Done{"stored"};
      case 3: return Emit{};
      default: return emitted();
    }
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 5));
  stop();
  EXPECT_EQ(settled("dropped"), 2u);
  EXPECT_EQ(settled("dead"), 1u);
  EXPECT_EQ(settled("stored"), 1u);
  EXPECT_EQ(settled("emitted"), 1u);
  auto drops = kafka_.of("drops.g");
  ASSERT_EQ(drops.size(), 2u);
  std::set<std::string> reasons{header_of(drops[0], header::reason), header_of(drops[1], header::reason)};
  EXPECT_EQ(reasons, (std::set<std::string>{"silence", "nothing_emitted"})) << "nothing disappears without a trace";
}

TEST_F(ConsumeLoopTest, AnOutputThatIsTooLargeMakesItsOriginADeadLetter) {
  std::atomic<int> calls{0};
  kafka_.deliver = [](const model::OutRecord& record) {
    return record.topic.get() == "out" && record.key == "large" ? error_of(ErrorKind::too_large) : std::nullopt;
  };
  put(0, "large", R"({"own":1})");
  put(0, "small");
  handles(one_by_one([&](const model::Record&) -> Verdict { return ++calls, emitted(); }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 2));
  stop();
  EXPECT_EQ(calls, 2) << "the handler is not asked again";
  auto letters = kafka_.of("dlq.g");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].value, R"({"own":1})");
  EXPECT_EQ(header_of(letters[0], header::error_kind), "too_large");
  EXPECT_EQ(header_of(letters[0], header::origin_offset), "0");
}

TEST_F(ConsumeLoopTest, AFailedDeliveryIsTriedUntilItSucceeds) {
  int failures = 5;
  kafka_.deliver = [&](const model::OutRecord& record) {
    return record.key == "k" && failures-- > 0 ? error_of(ErrorKind::not_found) : std::nullopt;
  };
  put(0, "k");
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 1));
  stop();
  EXPECT_EQ(origins(), (Names{"in/0/0"}));
  EXPECT_TRUE(kafka_.of("dlq.g").empty());
}

TEST_F(ConsumeLoopTest, ADeadLetterThatCanNotBeWrittenHoldsThePartition) {
  std::atomic<int> calls{0};
  std::atomic<bool> is_away{true};
  std::atomic<int> tries{0};
  kafka_.deliver = [&](const model::OutRecord& record) {
    if (record.topic.get() != "dlq.g" || !is_away) return std::optional<Error>();
    ++tries;
    return error_of(ErrorKind::too_large);
  };
  put(0, "bad");
  put(0, "good");
  handles(one_by_one([&](const model::Record& record) -> Verdict {
    if (record.key() == "good") return emitted();
    return ++calls, Reject{Error{ErrorKind::malformed, "no", "", "", ""}};
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return tries >= 3 && !kafka_.acknowledged.empty(); }));
  EXPECT_TRUE(kafka_.commits.empty());
  is_away = false;
  ASSERT_TRUE(wait_for_commit(0, 2));
  EXPECT_EQ(calls, 1);
}

TEST_F(ConsumeLoopTest, BytesReadAndNotSettledStayWithinTheBudget) {
  ports_.budget = 100'000;
  kafka_.hold_answers();
  std::string value = R"({"a":")" + std::string(5'000, 'x') + "\"}";
  for (int i = 0; i < 200; ++i) put(0, "k" + std::to_string(i), value);
  put(1, "k");
  handles(one_by_one([&](const model::Record& record) -> Verdict {
    if (record.partition() == Partition{1}) return Done{"stored"};
    return emitted();
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.held.contains(at(0)); }));
  kafka_.assign({at(1)});
  ASSERT_TRUE(wait_for_commit(1, 1)) << "the other partition has its share";
  {
    std::lock_guard lock(kafka_.mutex);
    EXPECT_LE(kafka_.delivered[at(0)], 100u) << "100 KB are 19 records; the first poll knows no sizes yet";
  }
  kafka_.let_answers();
  EXPECT_TRUE(wait_for_commit(0, 200));
}

TEST_F(ConsumeLoopTest, StartOffsetsAreAskedUntilTheyAnswerThenReadFrom) {
  std::atomic<int> asked{0};
  for (int i = 0; i < 6; ++i) put(0, "k");
  put(1, "k");
  work_.start_offsets = [&](std::span<const model::TopicPartition> partitions) -> Result<kafka::Offsets> {
    if (++asked < 3) return fail(ErrorKind::unavailable, "the database is away");
    EXPECT_EQ(partitions.size(), 2u);
    return kafka::Offsets{{at(0), Offset{4}}};
  };
  start();
  kafka_.assign({at(0), at(1)});
  ASSERT_TRUE(wait_for_output(3));
  stop();
  auto outputs = origins();
  std::sort(outputs.begin(), outputs.end());
  EXPECT_EQ(outputs, (Names{"in/0/4", "in/0/5", "in/1/0"}));
  EXPECT_EQ(asked, 3);
}

TEST_F(ConsumeLoopTest, WithoutAStartNothingIsReadAndTheGroupGoesOn) {
  std::atomic<int> asked{0};
  put(0, "k");
  work_.start_offsets = [&](std::span<const model::TopicPartition>) -> Result<kafka::Offsets> {
    ++asked;
    kafka_.touch();
    return fail(ErrorKind::unavailable, "the database is away");
  };
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return asked >= 3; }));
  kafka_.revoke({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.changes_done == 2; }));
  EXPECT_EQ(kafka_.delivered[at(0)], 0u);
}

TEST_F(ConsumeLoopTest, ARepositionForgetsWhatIsQueuedAndReadsOnElsewhere) {
  std::vector<std::int64_t> handled;
  std::mutex mutex;
  for (int i = 0; i < 10; ++i) put(0, "k");
  work_.order = Work::Order::by_partition;
  work_.batch_records = 3;
  bool is_moved = false;
  handles(one_by_one([&](const model::Record& record) -> Verdict {
    std::lock_guard lock(mutex);
    handled.push_back(record.offset().get());
    if (record.offset() == Offset{3} && !is_moved) {
      is_moved = true;
      return Reposition{Offset{7}};
    }
    return Done{"stored"};
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 10));
  stop();
  EXPECT_EQ(handled, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 7, 8, 9}));
  EXPECT_EQ(kafka_.commits.back(), (kafka::Offsets{{at(0), Offset{10}}}));
  EXPECT_EQ(kafka_.breaches, 0u);
}

TEST_F(ConsumeLoopTest, StoppingSettlesWhatIsInFlightAndCommitsIt) {
  Gate gate;
  std::atomic<int> handled{0};
  for (int i = 0; i < 100; ++i) put(0, "k");
  handles(one_by_one([&](const model::Record&) -> Verdict {
    ++handled;
    kafka_.touch();
    gate.pass();
    return emitted();
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return handled == 1; }));
  stop_ = true;
  kafka_.touch();
  gate.open();
  thread_.join();
  EXPECT_TRUE(result_);
  EXPECT_TRUE(kafka_.is_closed);
  auto done = static_cast<std::int64_t>(kafka_.of("out").size());
  EXPECT_GE(done, 1);
  EXPECT_EQ(kafka_.committed[at(0)], Offset{done}) << "all that was sent is committed, nothing else";
}

TEST_F(ConsumeLoopTest, AHandlerThatNeverReturnsDoesNotKeepTheProcess) {
  auto gate = std::make_shared<Gate>(), left = std::make_shared<Gate>();
  auto until_all_is_gone = std::shared_ptr<void>(nullptr, [left](void*) { left->open(); });
  ports_.clock = [until_all_is_gone] { return now_micros(); };  // what the worker shares has a copy of it
  until_all_is_gone.reset();
  options_.drain_timeout = milliseconds(1);
  put(0, "k");
  handles([gate, this](std::span<const model::Record* const>) -> std::vector<Verdict> {
    is_handling_ = true;
    kafka_.touch();
    gate->pass();
    return {emitted()};
  });
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return is_handling_.load(); }));
  stop();
  EXPECT_TRUE(kafka_.commits.empty());
  loop_.reset();
  ports_.clock = system_clock();
  gate->open();
  left->pass();
  EXPECT_TRUE(kafka_.sent.empty());
}

TEST_F(ConsumeLoopTest, AThrowingHandlerIsTriedThenADeadLetter) {
  options_.attempts = 2;
  put(0, "k");
  handles([](std::span<const model::Record* const>) -> std::vector<Verdict> { throw std::runtime_error("boom"); });
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 1));
  EXPECT_EQ(header_of(kafka_.of("dlq.g").at(0), header::error_kind), "internal");
}

TEST_F(ConsumeLoopTest, AWorkerMayWriteDeadLettersOfItsOwn) {
  put(0, "k");
  work_.make_worker = [&](const WorkerContext& context) -> Result<std::unique_ptr<Worker>> {
    EXPECT_EQ(context.cluster_id, "cluster");
    return std::make_unique<FunctionWorker>([context](std::span<const model::Record* const> records) -> std::vector<Verdict> {
      Rejected rejected{records[0], Error{ErrorKind::invalid_value, "no", "", "", "22P02"}};
      EXPECT_TRUE(context.dead_letter({&rejected, 1}));
      return {Done{"dead"}};
    });
  };
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 1));
  EXPECT_EQ(header_of(kafka_.of("dlq.g").at(0), header::error_code), "22P02");
  EXPECT_EQ(header_of(kafka_.of("dlq.g").at(0), header::attempts), "1");
}

TEST_F(ConsumeLoopTest, AnEngineThatIsAwayIsWaitedForBeforeTheGroupIsJoined) {
  std::atomic<int> made{0};
  auto make = work_.make_worker;
  work_.make_worker = [&, make](const WorkerContext& context) -> Result<std::unique_ptr<Worker>> {
    if (++made < 3) return fail(ErrorKind::unavailable, "the engine is away");
    return make(context);
  };
  put(0, "k");
  start();
  kafka_.assign({at(0)});
  EXPECT_TRUE(wait_for_commit(0, 1));
}

TEST_F(ConsumeLoopTest, WhatAnOperatorMustMendEndsTheRun) {
  work_.make_worker = [](const WorkerContext&) -> Result<std::unique_ptr<Worker>> { return fail(ErrorKind::configuration, "no model"); };
  start();
  thread_.join();
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().kind, ErrorKind::configuration);
}

TEST_F(ConsumeLoopTest, AFatalErrorOfTheConsumerEndsTheRun) {
  kafka_.is_failing = true;
  start();
  thread_.join();
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().kind, ErrorKind::forbidden);
  EXPECT_TRUE(kafka_.is_closed);
}

}  // namespace
}  // namespace loom::runner
