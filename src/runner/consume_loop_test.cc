#include "runner/consume_loop.h"

#include <gtest/gtest.h>

#include "loom/deadline.h"
#include "runner/loop_fixture.h"

namespace loom::runner {
namespace {

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
  work_.circuit_threshold = seed % 2 == 0 ? 2 : 0;  // opens again and again
  options_.attempts = 1000;
  handles(each_by_itself([&](const model::Record&) -> Verdict {
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
INSTANTIATE_TEST_SUITE_P(Shapes, AnyOrder,
                         testing::Values(Shape{1, 1, 1}, Shape{4, 1, 2}, Shape{4, 7, 3}, Shape{2, 500, 4}));

TEST_F(ConsumeLoopTest, OnlyAContiguousPrefixIsCommitted) {
  Gate gate;
  work_.workers = 2;
  for (int i = 0; i < 10; ++i) put(0, "k" + std::to_string(i));
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
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

TEST_F(ConsumeLoopTest, ARetryHoldsOnlyItsLane) {
  std::atomic<bool> is_away{true};
  put(0, "stuck");
  put(0, "stuck");
  for (int i = 0; i < 20; ++i) put(0, "k" + std::to_string(i));
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
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
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
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

TEST_F(ConsumeLoopTest, AMessageThatIsOverdueIsADeadLetterAfterItsAttempts) {
  options_.attempts = 3;
  work_.circuit_threshold = 2;
  put(0, "slow");
  put(0, "slow");
  put(0, "k");
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
    if (record.offset() == Offset{0}) return Retry{overdue("too slow", "").value()};
    return emitted();
  }));
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 3));
  stop();
  auto letters = kafka_.of("dlq.g");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(header_of(letters[0], header::attempts), "3");
  EXPECT_EQ(header_of(letters[0], header::error_kind), "timeout");
  EXPECT_EQ(registry_.counter("loom_circuit_opened_total", "", {{"group", "g"}}).value(), 0u);
}

TEST_F(ConsumeLoopTest, EachVerdictSettlesAsWhatItIs) {
  for (int i = 0; i < 5; ++i) put(0, "k" + std::to_string(i));
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
    switch (record.offset().get()) {
      case 0:
        return Drop{"silence"};
      case 1:
        return Reject{Error{ErrorKind::malformed, "no", "", "", ""}};
      case 2:
        return Done{"stored"};
      case 3:
        return Emit{};
      default:
        return emitted();
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
  handles(each_by_itself([&](const model::Record&) -> Verdict { return ++calls, emitted(); }));
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
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
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
    return std::make_unique<FunctionWorker>(
        [context](std::span<const model::Record* const> records) -> std::vector<Verdict> {
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
  work_.make_worker = [](const WorkerContext&) -> Result<std::unique_ptr<Worker>> {
    return fail(ErrorKind::configuration, "no model");
  };
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
