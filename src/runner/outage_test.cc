#include <gtest/gtest.h>

#include "runner/loop_fixture.h"

namespace loom::runner {
namespace {

/// What the stage asks is away until the test says otherwise.
class Outage : public ConsumeLoopTest {
 protected:
  Outage() {
    work_.workers = 4;
    work_.circuit_threshold = 5;
    handles(each_by_itself([this](const model::Record& record) -> Verdict { return call(record); }));
  }
  ~Outage() override { stop(); }

  Verdict call(const model::Record& record) {
    bool fails = is_away_ || record.key() == "poison";
    if (is_open()) ++probes_;
    kafka_.touch();
    return fails ? Verdict(again()) : emitted();
  }
  bool is_open() { return registry_.gauge("loom_circuit_open", "", {{"group", "g"}}).value() == 1; }
  std::uint64_t openings() { return registry_.counter("loom_circuit_opened_total", "", {{"group", "g"}}).value(); }
  bool wait_for_probes(int count) {
    return kafka_.wait_until([&, from = probes_.load()] { return is_open() && probes_ >= from + count; });
  }
  void put_all(int count) {
    for (int i = 0; i < count; ++i) put(0, "k" + std::to_string(i % 50));
  }

  std::atomic<bool> is_away_{true};
  std::atomic<int> probes_{0};
};

TEST_F(Outage, PausesTheGroupAndLosesNothing) {
  put_all(300);
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_probes(20));
  EXPECT_TRUE(kafka_.of("out").empty());
  EXPECT_TRUE(kafka_.of("dlq.g").empty());
  is_away_ = false;
  ASSERT_TRUE(wait_for_commit(0, 300));
  stop();
  auto outputs = origins();
  EXPECT_EQ(outputs.size(), 300u);
  EXPECT_EQ(std::set<std::string>(outputs.begin(), outputs.end()).size(), 300u);
  EXPECT_FALSE(is_open());
  EXPECT_EQ(openings(), 1u);
  EXPECT_EQ(kafka_.breaches, 0u);
}

TEST_F(Outage, OneMessageThatAlwaysFailsStopsNobodyElse) {
  is_away_ = false;
  put(0, "poison");
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_probes(2));
  put_all(100);
  EXPECT_TRUE(wait_for_output(100));
  EXPECT_TRUE(kafka_.of("dlq.g").empty());
}

TEST_F(Outage, APartitionThatMovesWhileItLastsIsHandledAfterIt) {
  for (int i = 0; i < 50; ++i) put(0, "a" + std::to_string(i)), put(1, "b" + std::to_string(i));
  start();
  kafka_.assign({at(0), at(1)});
  ASSERT_TRUE(wait_for_probes(3));
  kafka_.revoke({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.changes_done == 2; }));
  ASSERT_TRUE(wait_for_probes(3));
  kafka_.assign({at(0)});
  is_away_ = false;
  EXPECT_TRUE(wait_for_commit(0, 50));
  EXPECT_TRUE(wait_for_commit(1, 50));
  stop();
  EXPECT_EQ(origins().size(), 100u);
  EXPECT_EQ(kafka_.breaches, 0u);
}

TEST_F(Outage, EndsAtOnceWithTheProcess) {
  ports_.backoff = {.first = 3'600'000'000, .most = 3'600'000'000};
  put_all(20);
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return is_open(); }));
  stop();
  EXPECT_TRUE(result_);
  EXPECT_TRUE(kafka_.commits.empty());
}

}  // namespace
}  // namespace loom::runner
