#include "books/rewind.h"

#include <gtest/gtest.h>

namespace loom::books {
namespace {

constexpr Micros now = 1'764'000'000'000'000;

TEST(RewindTarget, IsReadAsAPersonWritesIt) {
  using Kind = RewindTarget::Kind;
  struct Row {
    const char* text;
    Kind kind;
    std::int64_t value;
  };
  for (const auto& row : {Row{"earliest", Kind::earliest, 0}, Row{"0", Kind::offset, 0}, Row{"1234", Kind::offset, 1234},
                          Row{"-2h", Kind::time, now / 1000 - 7'200'000},
                          Row{"2020-09-13T12:26:40Z", Kind::time, 1'600'000'000'000}}) {
    auto target = target_of(row.text, now);
    ASSERT_TRUE(target) << row.text;
    EXPECT_EQ(target->kind, row.kind) << row.text;
    EXPECT_EQ(target->value, row.value) << row.text;
  }
  for (const auto* wrong : {"", "latest", "-2 parsecs", "yesterday", "12x"}) {
    auto target = target_of(wrong, now);
    ASSERT_FALSE(target) << wrong;
    EXPECT_EQ(target.error().kind, ErrorKind::usage);
  }
}

struct Case {
  const char* name;
  std::optional<std::int64_t> stands;
  std::int64_t wanted, to;
  RewindStep::Kind kind;
};
class RewindPlan : public testing::TestWithParam<Case> {};

TEST_P(RewindPlan, OnlyGoesBackAndStaysWithinWhatIsThere) {  // the partition has 10 to 100
  const auto& it = GetParam();
  model::TopicPartition partition{TopicName{"t"}, Partition{0}};
  kafka::Offsets stands;
  if (it.stands) stands[partition] = Offset{*it.stands};
  auto steps = plan_rewind(stands, {{partition, {Offset{10}, Offset{100}}}}, {{partition, Offset{it.wanted}}});
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].kind, it.kind);
  EXPECT_EQ(steps[0].to, Offset{it.to});
}
const Case cases[] = {
    {"back", 50, 20, 20, RewindStep::Kind::moves},
    {"no_further_than_the_first", 50, 0, 10, RewindStep::Kind::moves},
    {"never_on", 50, 80, 50, RewindStep::Kind::stays},
    {"past_the_end", 100, 500, 100, RewindStep::Kind::stays},
    {"there_already", 20, 20, 20, RewindStep::Kind::stays},
    {"stands_before_the_first", 5, 0, 5, RewindStep::Kind::stays},
    {"not_begun", std::nullopt, 20, 20, RewindStep::Kind::not_begun},
};
INSTANTIATE_TEST_SUITE_P(All, RewindPlan, testing::ValuesIn(cases), [](const auto& it) { return it.param.name; });

}  // namespace
}  // namespace loom::books
