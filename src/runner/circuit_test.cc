#include "runner/circuit.h"

#include <gtest/gtest.h>

namespace loom::runner {
namespace {

using Answer = Circuit::Answer;
using Turn = Circuit::Turn;

struct CircuitTest : testing::Test {
  Circuit circuit{{.threshold = 3, .backoff = {.first = 100, .most = 400}}};
  Turn call(Answer answer, Micros now = 0) { return circuit.end(circuit.take(), answer, now); }
  void open_it(Micros now = 0) {
    for (int i = 0; i < 3; ++i) (void)call(Answer::fails, now);
    ASSERT_TRUE(circuit.is_open());
  }
};

TEST_F(CircuitTest, OpensAfterFailuresInARow) {
  EXPECT_EQ(call(Answer::fails), Turn::none);
  EXPECT_EQ(call(Answer::fails), Turn::none);
  EXPECT_EQ(call(Answer::works), Turn::none);
  EXPECT_EQ(call(Answer::fails), Turn::none);
  EXPECT_EQ(call(Answer::says_nothing), Turn::none);
  EXPECT_EQ(call(Answer::fails), Turn::none);
  EXPECT_TRUE(circuit.may_take(0));
  EXPECT_EQ(call(Answer::fails), Turn::opened);
  EXPECT_FALSE(circuit.may_take(0));
}

TEST_F(CircuitTest, OneProbeAtATimeWithGrowingWaits) {
  open_it(1000);
  Micros now = 1000;
  for (Micros wait : {100, 200, 400, 400}) {
    EXPECT_EQ(circuit.may_take_at(), now + wait);
    EXPECT_FALSE(circuit.may_take(now + wait - 1));
    now += wait;
    ASSERT_TRUE(circuit.may_take(now));
    auto probe = circuit.take();
    EXPECT_FALSE(circuit.may_take(now));
    EXPECT_EQ(circuit.may_take_at(), std::nullopt);
    EXPECT_EQ(circuit.end(probe, Answer::fails, now), Turn::none);
  }
  EXPECT_EQ(call(Answer::works, now + 400), Turn::closed);
  EXPECT_TRUE(circuit.may_take(now));
  open_it(0);
  EXPECT_EQ(circuit.may_take_at(), 100);  // the waits begin anew
}

TEST_F(CircuitTest, AProbeThatSaysNothingIsFollowedAtOnce) {
  open_it();
  EXPECT_EQ(call(Answer::says_nothing, 100), Turn::none);
  EXPECT_TRUE(circuit.is_open());
  EXPECT_TRUE(circuit.may_take(100));
}

TEST_F(CircuitTest, AnswersFromBeforeAreNoProbes) {
  auto early = circuit.take(), late = circuit.take();
  open_it();
  EXPECT_EQ(circuit.end(early, Answer::fails, 50), Turn::none);
  EXPECT_EQ(circuit.may_take_at(), 100);  // it moved nothing
  auto probe = circuit.take();
  EXPECT_EQ(circuit.end(late, Answer::works, 100), Turn::closed);  // but it works
  EXPECT_TRUE(circuit.may_take(100));
  EXPECT_EQ(circuit.end(probe, Answer::fails, 100), Turn::none);
  EXPECT_FALSE(circuit.is_open());
}

TEST_F(CircuitTest, AProbeOfAnEarlierOpeningIsNoneOfThis) {
  open_it();
  auto old = circuit.take();
  EXPECT_EQ(call(Answer::works), Turn::closed);
  open_it();
  auto probe = circuit.take();
  EXPECT_EQ(circuit.end(old, Answer::says_nothing, 100), Turn::none);
  EXPECT_FALSE(circuit.may_take(1000));  // the probe is still under way
  EXPECT_EQ(circuit.end(probe, Answer::fails, 100), Turn::none);
}

TEST(CircuitThatNeverOpens, LetsEverythingThrough) {
  Circuit circuit({});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(circuit.end(circuit.take(), Answer::fails, 0), Turn::none);
  EXPECT_TRUE(circuit.may_take(0));
}

}  // namespace
}  // namespace loom::runner
