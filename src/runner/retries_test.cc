#include "runner/retries.h"

#include <gtest/gtest.h>

namespace loom::runner {
namespace {

TEST(Retries, WhatTheClockEndedIsStuckUntilItIsForgottenAndWaitsLonger) {
  Registry registry;
  Telemetry telemetry(registry, ConsumerGroup{"g"});
  auto& stuck = telemetry.of(TopicName{"in"}).stuck_seconds;
  Micros now = 1'000'000'000;
  Retries retries({{.first = 1000, .most = 100'000}, 5, system_clock(), [&] { return now; }}, Log::silent());
  auto record = model::Record::of({"in", 3, 7, 0, "k", "v", {}});
  Error error{ErrorKind::too_large, "too large", "", "", ""};
  auto first = retries.come_again(record, error);
  EXPECT_LE(first, 1000);
  Micros later = 0;
  for (int i = 0; i < 10; ++i) later = retries.come_again(record, error);
  EXPECT_GE(later, 50'000);
  now += 90'000'000;
  retries.report(telemetry);
  EXPECT_EQ(stuck.value(), 90);
  retries.forget(record);
  retries.report(telemetry);
  EXPECT_EQ(stuck.value(), 0);
}

}  // namespace
}  // namespace loom::runner
