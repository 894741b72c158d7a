#include "base/clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <thread>
#include <vector>

namespace loom {
namespace {

struct Row {
  std::string_view text;
  std::string_view utc;  // "" = refused
};

TEST(Time, ParsesAndPrints) {
  const Row rows[] = {
      {"2026-11-23T12:00:00Z", "2026-11-23T12:00:00.000000Z"},
      {"2026-11-23T12:00:00.123456Z", "2026-11-23T12:00:00.123456Z"},
      {"2026-11-23t12:00:00z", "2026-11-23T12:00:00.000000Z"},
      {"2026-11-23 12:00:00", "2026-11-23T12:00:00.000000Z"},
      {"2026-11-23T12:00:00.1", "2026-11-23T12:00:00.100000Z"},
      {"2026-11-23T12:00:00,5Z", "2026-11-23T12:00:00.500000Z"},
      {"2026-11-23T12:00:00.123456789Z", "2026-11-23T12:00:00.123456Z"},
      {"2026-11-23T12:00:00+01:00", "2026-11-23T11:00:00.000000Z"},
      {"2026-11-23T12:00:00-05:30", "2026-11-23T17:30:00.000000Z"},
      {"2026-11-23T12:00:00+0200", "2026-11-23T10:00:00.000000Z"},
      {"2026-11-23T12:00:00+02", "2026-11-23T10:00:00.000000Z"},
      {"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000000Z"},
      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"},
      {"2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
      {"2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.000000Z"},
      {"2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00.000000Z"},
      {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
      {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"},
      {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
      {"0", "1970-01-01T00:00:00.000000Z"},
      {"-1", "1969-12-31T23:59:59.000000Z"},
      {"1700000000", "2023-11-14T22:13:20.000000Z"},
      {"1700000000.123456", "2023-11-14T22:13:20.123456Z"},
      {"1700000000123", "2023-11-14T22:13:20.123000Z"},
      {"1700000000123456", "2023-11-14T22:13:20.123456Z"},
      {"1700000000123456789", "2023-11-14T22:13:20.123457Z"},
      {"", ""},
      {"now", ""},
      {"2026-02-29T00:00:00Z", ""},
      {"1900-02-29T00:00:00Z", ""},
      {"2026-04-31T00:00:00Z", ""},
      {"2026-13-01T00:00:00Z", ""},
      {"2026-00-10T00:00:00Z", ""},
      {"2026-01-00T00:00:00Z", ""},
      {"2026-11-23T24:00:00Z", ""},
      {"2026-11-23T12:60:00Z", ""},
      {"2026-11-23T12:00:61Z", ""},
      {"2026-11-23T12:00:60Z", ""},
      {"2026-11-23T12:00Z", ""},
      {"2026-11-23", ""},
      {"2026-11-23T", ""},
      {"2026-11-23T12:00:00.Z", ""},
      {"2026-11-23T12:00:00.1234567890Z", ""},
      {"2026-11-23T12:00:00+24:00", ""},
      {"2026-11-23T12:00:00+01:60", ""},
      {"2026-11-23T12:00:00+1:00", ""},
      {"2026-11-23T12:00:00+", ""},
      {"2026-11-23T12:00:00 Z", ""},
      {"2026-11-23T12:00:00Zx", ""},
      {"2026-11-23X12:00:00Z", ""},
      {"2026-1-23T12:00:00Z", ""},
      {"26-11-23T12:00:00Z", ""},
      {" 2026-11-23T12:00:00Z", ""},
      {"2026-11-23T-1:00:00Z", ""},
      {"0000-01-01T00:00:00+01:00", ""},
      {"1e9", ""},
      {"0x10", ""},
      {"inf", ""},
      {"1.", ""},
      {".5", ""},
      {"-", ""},
      {"1.2.3", ""},
      {"99999999999999999999999", ""},
  };
  for (const auto& row : rows) {
    auto time = parse_time(row.text);
    EXPECT_EQ(time ? to_rfc3339(*time) : "", row.utc) << row.text;
  }
}

TEST(Time, EachDayOfFourCenturiesComesBack) {
  constexpr Micros day = 86'400'000'000;
  std::string last;
  for (Micros i = -80'000; i < 80'000; ++i) {
    auto text = to_rfc3339(i * day + 1);
    ASSERT_LT(last, text);
    ASSERT_EQ(parse_time(text), i * day + 1) << text;
    last = text;
  }
}

TEST(Time, PrintsFourDigitYearsWhateverComes) {
  EXPECT_EQ(to_rfc3339(std::numeric_limits<Micros>::max()), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_rfc3339(std::numeric_limits<Micros>::min()), "0000-01-01T00:00:00.000000Z");
  std::string to = "at ";
  append_rfc3339(to, -1);
  EXPECT_EQ(to, "at 1969-12-31T23:59:59.999999Z");
}

TEST(Time, NumbersAreToldApartBySize) {
  constexpr Micros expected = 1'700'000'000'000'000;
  for (double epoch : {1.7e9, 1.7e12, 1.7e15, 1.7e18}) EXPECT_EQ(time_of_number(epoch), expected) << epoch;
  EXPECT_EQ(time_of_number(-1.5), -1'500'000);
  EXPECT_FALSE(time_of_number(std::nan("")));
  EXPECT_FALSE(time_of_number(HUGE_VAL));
  EXPECT_FALSE(time_of_number(1e30));
  EXPECT_FALSE(time_of_number(-9.9e10)) << "before the year 0";
}

TEST(Clock, NeverGivesTheSameTimeTwice) {
  Micros now = 100;
  auto clock = strictly_increasing([&now] { return now; });
  EXPECT_EQ(clock(), 100);
  EXPECT_EQ(clock(), 101);
  now = 50;
  EXPECT_EQ(clock(), 102);
  now = 1000;
  EXPECT_EQ(clock(), 1000);
  auto copy = clock;
  EXPECT_EQ(copy(), 1001) << "a copy is the same clock";
  now = 7'200'000'000;
  EXPECT_EQ(clock(), 7'200'000'000);
  now = 7'200'000'000 - 1'700'000'000;
  EXPECT_EQ(clock(), 7'200'000'001);
  now = 2000;
  EXPECT_EQ(clock(), 2000) << "it was two hours ahead, and has been set right";
}

TEST(Clock, IncreasesAcrossThreads) {
  auto clock = strictly_increasing([] { return Micros{7}; });
  std::vector<std::vector<Micros>> seen(4);
  std::vector<std::thread> threads;
  for (auto& times : seen) {
    threads.emplace_back([&times, clock] {
      for (int i = 0; i < 5000; ++i) times.push_back(clock());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Micros> all;
  for (const auto& times : seen) {
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    all.insert(times.begin(), times.end());
  }
  EXPECT_EQ(all.size(), 20000U);
  EXPECT_EQ(*all.rbegin(), 7 + 19999);
}

TEST(Clock, TheSystemsIsInThisCentury) {
  EXPECT_GT(system_clock()(), *parse_time("2024-01-01T00:00:00Z"));
  EXPECT_LT(now_micros(), *parse_time("2100-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace loom
