#include "base/until_answered.h"

#include <gtest/gtest.h>

namespace loom {
namespace {

using std::chrono::milliseconds;

struct UntilAnswered : testing::Test {
  std::atomic<bool> stop{false};
  Log log = Log::silent();
  int calls = 0;
  Result<int> asked(milliseconds pause, const std::function<Result<int>(int)>& call) {
    return until_answered({log, "the peer", stop, pause}, [&] { return call(++calls); });
  }
};

TEST_F(UntilAnswered, AsksAgainWhatMayPass) {
  auto answer = asked(milliseconds(1), [](int call) -> Result<int> {
    if (call < 4) return fail(call % 2 ? ErrorKind::unavailable : ErrorKind::timeout, "not yet");
    return call;
  });
  EXPECT_EQ(answer, 4);
}

TEST_F(UntilAnswered, EndsWithWhatWaitingDoesNotMend) {
  auto answer = asked(milliseconds(1), [](int) -> Result<int> { return fail(ErrorKind::configuration, "no key"); });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "no key");
  EXPECT_EQ(calls, 1);
}

TEST_F(UntilAnswered, AStopEndsThePause) {
  std::thread stopper;
  auto answer = asked(std::chrono::hours(1), [&](int) -> Result<int> {
    stopper = std::thread([&] { stop = true; });
    return fail(ErrorKind::unavailable, "away");
  });
  stopper.join();
  EXPECT_FALSE(answer);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace loom
