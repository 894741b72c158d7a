#include "ingest/batch.h"

#include <gtest/gtest.h>

#include "ingest/drain_rate.h"
#include "ingest/health.h"

namespace loom::ingest {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string_view>;

TEST(Batch, is_cut_into_its_records) {
  struct Row {
    std::string_view body, type;
    BatchForm form;
    Texts records;
  };
  const Row rows[] = {
      {"[]", "", BatchForm::array, {}},
      {" [ ] ", "", BatchForm::array, {}},
      {R"([{"a":1},{"b":[1,2]}])", "", BatchForm::array, {R"({"a":1})", R"({"b":[1,2]})"}},
      {R"([ {"a":"],[{\"\\"} , 5 ])", "application/json", BatchForm::array, {R"({"a":"],[{\"\\"})", "5"}},
      {"{\"a\":1}\n{\"b\":2}\n", "application/x-ndjson", BatchForm::lines, {R"({"a":1})", R"({"b":2})"}},
      {"{\"a\":1}\r\n\r\n  {\"b\":2}", "", BatchForm::lines, {R"({"a":1})", R"({"b":2})"}},
      {"{\"a\":1}\nnonsense\n[]", "application/jsonl", BatchForm::lines, {R"({"a":1})", "nonsense", "[]"}},
  };
  for (const auto& row : rows) {
    auto cut = cut_batch(row.body, row.type, 10);
    ASSERT_TRUE(cut) << row.body << to_string(cut.error().error);
    EXPECT_EQ(cut->form, row.form) << row.body;
    EXPECT_EQ(cut->records, row.records) << row.body;
  }
}

TEST(Batch, that_cannot_be_cut_is_refused) {
  for (std::string_view body :
       {"", "  \n", "nonsense", "5", "[", "[1", "[1,]", "[,1]", "[1}", "[1]]", "[1] x", R"(["a)", R"(["a\)", "[{]"}) {
    auto cut = cut_batch(body, "", 10);
    ASSERT_FALSE(cut) << body;
    EXPECT_EQ(cut.error().error.kind, ErrorKind::malformed) << body;
  }
  for (std::string_view body : {"[1,2,3]", "{}\n{}\n{}"}) {
    auto cut = cut_batch(body, "", 2);
    ASSERT_FALSE(cut) << body;
    EXPECT_EQ(cut.error().error.kind, ErrorKind::too_large);
    EXPECT_EQ(cut.error().details.members[0].second, "2");
  }
}

/// What may wait is what Kafka takes in the longest wait, once it is the one that is slow.
TEST(DrainRate, bounds_what_waits_by_the_rate_of_a_backlog) {
  constexpr std::size_t mib = 1 << 20;
  DrainRate rate(5);
  for (int i = 0; i < 10; ++i) rate.acked(100), rate.tick(1, 10'000);
  EXPECT_FALSE(rate.is_crowded(1000 * mib)) << "a slow client says nothing about Kafka";
  rate.tick(1, 30 * mib);
  EXPECT_FALSE(rate.is_crowded(1000 * mib)) << "a burst that has only begun";
  for (int i = 0; i < 10; ++i) rate.acked(4 * mib), rate.tick(1, 30 * mib);
  EXPECT_TRUE(rate.is_crowded(21 * mib));
  EXPECT_FALSE(rate.is_crowded(19 * mib));
  for (int i = 0; i < 20; ++i) rate.tick(1, 30 * mib);
  EXPECT_TRUE(rate.is_crowded(2 * mib)) << "Kafka stands still";
  EXPECT_FALSE(rate.is_crowded(mib)) << "or nothing would ever be sent again";
  for (int i = 0; i < 10; ++i) rate.tick(1, mib / 2);
  EXPECT_FALSE(rate.is_crowded(500 * mib)) << "the backlog is gone";
}

TEST(DrainRate, says_when_there_will_be_room) {
  DrainRate rate;
  EXPECT_EQ(rate.seconds_until_room(0), 1);
  EXPECT_EQ(rate.seconds_until_room(1000), 30);  // nothing has ever gone
  rate.acked(1000);
  rate.tick(1, 0);
  EXPECT_EQ(rate.seconds_until_room(500), 1);
  EXPECT_EQ(rate.seconds_until_room(8000), 4);
  EXPECT_EQ(rate.seconds_until_room(1 << 30), 30);
  for (int i = 0; i < 20; ++i) rate.tick(1, 0);
  EXPECT_EQ(rate.seconds_until_room(500), 30);  // Kafka has stopped taking anything
}

TEST(Health, is_ready_or_says_why_not) {
  EXPECT_TRUE(judge({.since_broker = 100ms, .held = 0, .budget = 100}).ready);
  EXPECT_NE(judge({.since_broker = 100ms, .held = 0, .budget = 100, .replicas = 1}).json.find(R"("replicas":1)"),
            std::string::npos);
  struct Row {
    Vitals vitals;
    const char* reason;
  };
  const Row rows[] = {{{.since_broker = 5001ms, .held = 0, .budget = 100}, "no broker"},
                      {{.since_broker = 0ms, .held = 95, .budget = 100}, "budget"},
                      {{.since_broker = 0ms, .held = 0, .budget = 100, .stopping = true}, "stopping"}};
  for (const auto& row : rows) {
    auto health = judge(row.vitals);
    EXPECT_FALSE(health.ready);
    EXPECT_NE(health.json.find(row.reason), std::string::npos) << health.json;
  }
}

}  // namespace
}  // namespace loom::ingest
