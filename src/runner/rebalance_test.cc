// Partitions come, go, are held and moved; and the end of a run.
#include <gtest/gtest.h>

#include "runner/loop_fixture.h"

namespace loom::runner {
namespace {

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
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
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

TEST_F(ConsumeLoopTest, BytesReadAndNotSettledStayWithinTheBudget) {
  ports_.budget = 100'000;
  kafka_.hold_answers();
  std::string value = R"({"a":")" + std::string(5'000, 'x') + "\"}";
  for (int i = 0; i < 200; ++i) put(0, "k" + std::to_string(i), value);
  put(1, "k");
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
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
  handles(each_by_itself([&](const model::Record& record) -> Verdict {
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
  handles(each_by_itself([&](const model::Record&) -> Verdict {
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

}  // namespace
}  // namespace loom::runner
