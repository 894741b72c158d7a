#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace loom {
namespace {

constexpr Micros noon = 1'795'435'200'000'000;

TEST(MessageId, IsVersion7AndCarriesItsTime) {
  auto id = new_message_id(noon);
  auto bytes = uuid_bytes(id);
  ASSERT_TRUE(bytes) << id;
  EXPECT_EQ(canonical_uuid(id), id);
  EXPECT_EQ((*bytes)[6] >> 4, 7);
  EXPECT_EQ((*bytes)[8] >> 6, 2);
  std::uint64_t millis = 0;
  for (int i = 0; i < 6; ++i) millis = millis << 8 | (*bytes)[static_cast<std::size_t>(i)];
  EXPECT_EQ(millis, static_cast<std::uint64_t>(noon / 1000));
}

TEST(MessageId, AscendsWithinOneMicrosecondAndWhenTheClockStepsBack) {
  std::string last;
  for (int i = 0; i < 20000; ++i) {  // more than the counter of one millisecond holds
    auto id = new_message_id(noon - (i % 3) * 1000);
    ASSERT_LT(last, id);
    last = id;
  }
}

TEST(MessageId, FollowsAClockThatWasWrongForLong) {
  (void)new_message_id(4'000'000'000'000'000);
  EXPECT_LT(new_message_id(noon), "02000000");
  (void)new_message_id(-5);
}

TEST(MessageId, UniqueAcrossThreads) {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < 5000; ++i) ids.push_back(new_message_id(noon));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& ids : made) {
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(all.size(), 20000U);
}

TEST(Uuid, CanonicalFormOrNothing) {
  EXPECT_EQ(canonical_uuid("0198F0C2-AbCd-7000-8000-0123456789aB"), "0198f0c2-abcd-7000-8000-0123456789ab");
  EXPECT_EQ(canonical_uuid("00000000-0000-0000-0000-000000000000"), "00000000-0000-0000-0000-000000000000");
  for (std::string_view text : {"", "0198f0c2abcd700080000123456789ab", "{0198f0c2-abcd-7000-8000-0123456789ab}",
                                "0198f0c2-abcd-7000-8000-0123456789a", "0198f0c2-abcd-7000-8000-0123456789abc",
                                "0198f0c2-abcd-7000-8000-0123456789ag", "0198f0c2abcd--7000-8000-0123456789ab",
                                "0198f0c2-abcd-7000-8000_0123456789ab", " 198f0c2-abcd-7000-8000-0123456789ab",
                                "0198f0c2-abcd-7000-8000-01234567\xc3\xa9\x61\x62"}) {
    EXPECT_FALSE(canonical_uuid(text)) << text;
    EXPECT_FALSE(uuid_bytes(text)) << text;
  }
}

TEST(DerivedId, IsTheSameForEver) {
  auto id = derived_message_id("cluster", "topic", 3, 42);
  EXPECT_EQ(id, "7b1c064e-7a8d-812c-b056-2edc4c5d597d");  // a change would make every stored foreign record a new one
  EXPECT_EQ(id[14], '8');
  std::set<std::string> ids{id,
                            derived_message_id("cluster", "topic", 3, 43),
                            derived_message_id("cluster", "topic", 34, 2),
                            derived_message_id("cluster", "topic3", 4, 42),
                            derived_message_id("clustert", "opic", 3, 42),
                            derived_message_id("", "clustertopic", 3, 42)};
  EXPECT_EQ(ids.size(), 6U);
}

TEST(Trace, IdsAreHex) {
  EXPECT_EQ(new_trace_id().size(), 32U);
  EXPECT_EQ(new_span_id().size(), 16U);
  EXPECT_NE(new_trace_id(), new_trace_id());
  EXPECT_EQ(new_trace_id().find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Trace, ParentIsReadStrictly) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736", span = "00f067aa0ba902b7";
  EXPECT_EQ(make_traceparent(trace, span), "00-" + trace + "-" + span + "-01");
  EXPECT_EQ(trace_id_of(make_traceparent(trace, span)), trace);
  EXPECT_EQ(trace_id_of(make_traceparent(new_trace_id(), new_span_id())).has_value(), true);
  EXPECT_EQ(trace_id_of("01-" + trace + "-" + span + "-00-more"), trace) << "a later version";
  for (std::string text :
       {std::string(), "00-" + trace + "-" + span, "00-" + trace + "-" + span + "-01-more",
        "ff-" + trace + "-" + span + "-01", "00-" + std::string(32, '0') + "-" + span + "-01",
        "00-" + trace + "-" + std::string(16, '0') + "-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01",
        "00_" + trace + "-" + span + "-01", "0x-" + trace + "-" + span + "-01", "01-" + trace + "-" + span + "-01x",
        "00-" + trace + "-" + span + "-0g"}) {
    EXPECT_FALSE(trace_id_of(text)) << text;
  }
}

}  // namespace
}  // namespace loom
