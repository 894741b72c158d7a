#include "books/clerk.h"

#include "books/books_fixture.h"
#include "books/receipts.h"
#include "runner/compose.h"

namespace loom::books {
namespace {

using namespace std::chrono_literals;

constexpr const char* id = "0198f0c2-1111-7222-8333-444455556666";

model::Record record_of(const std::string& topic, std::string value, model::Headers headers = {}) {
  model::Record::Parts parts;
  parts.topic = topic, parts.partition = 2, parts.offset = 41, parts.timestamp_ms = 1'700'000'000'000;
  parts.key = "k", parts.value = std::move(value), parts.headers = std::move(headers);
  return model::Record::of(std::move(parts));
}

model::Record consumed(model::OutRecord out) {
  model::Record::Parts parts;
  parts.topic = out.topic.get(), parts.partition = 1, parts.offset = 7, parts.timestamp_ms = out.timestamp_ms;
  parts.key = out.key, parts.value = std::move(out.value), parts.headers = std::move(out.headers);
  return model::Record::of(std::move(parts));
}

struct Written {
  Entry entry;
  std::string part;
};
std::vector<Written> written(Example& example, const model::Record& record) {
  Clerk clerk(example.scene, "cluster", {});
  std::vector<Written> all;
  clerk.write(record, [&](const Entry& entry) { all.push_back({entry, std::string(entry.part)}); });
  return all;
}

runner::Composer composer() {
  return runner::Composer(
      {ConsumerGroup{"g"}, "command", "here-1", "cluster", TopicName{"out"}, {}, [] { return 5'000'000; }});
}

/// The clerk reads what the runner writes: the same code makes the records here.
TEST(Clerk, ReadsOutputsDropsAndDeadLetters) {
  Example example;
  auto origin = record_of("in", R"({"data":{"n":1}})", {{"message_id", id}, {"part", "0"}});
  Spot place{example.plan.topic("in"), 2, 41};
  json::Document document;
  auto outputs = composer().outputs(origin, Emit{{Output{"{}", std::nullopt, "1"}}}, {}, document);
  ASSERT_TRUE(outputs);
  auto output = written(example, consumed(std::move(outputs->front())));
  ASSERT_EQ(output.size(), 1u);
  EXPECT_EQ(output[0].entry.kind, Entry::Kind::message);
  EXPECT_EQ(output[0].entry.id, uuid_bytes(id));
  EXPECT_EQ(output[0].part, "0.1");
  EXPECT_EQ(output[0].entry.group, example.plan.group("g"));
  EXPECT_EQ(output[0].entry.origin, place);
  EXPECT_EQ(output[0].entry.at, (Spot{example.plan.topic("out"), 1, 7}));

  auto drop = written(example, consumed(composer().drop(origin, "silence")));
  ASSERT_EQ(drop.size(), 1u);
  EXPECT_EQ(drop[0].entry.kind, Entry::Kind::dropped);
  EXPECT_EQ(drop[0].entry.origin, place);
  EXPECT_EQ(drop[0].part, "0");

  auto letter = written(example, consumed(composer().dead_letter(origin, Error{}, {})));
  ASSERT_EQ(letter.size(), 1u);
  EXPECT_EQ(letter[0].entry.kind, Entry::Kind::dead);
  EXPECT_EQ(letter[0].entry.origin, place);
  EXPECT_EQ(letter[0].entry.id, uuid_bytes(id));
}

TEST(Clerk, KnowsWhatWasRefusedAsARepeat) {
  Example example, joining(60s);
  auto origin = record_of("in", "{}", {{"message_id", id}});
  auto is_of_repeat = [](Example& in, model::OutRecord end) { return written(in, consumed(std::move(end)))[0].entry.is_of_repeat; };
  EXPECT_TRUE(is_of_repeat(joining, composer().drop(origin, "repeated")));
  EXPECT_FALSE(is_of_repeat(joining, composer().drop(origin, "silence")));
  EXPECT_FALSE(is_of_repeat(example, composer().drop(origin, "repeated"))) << "a program's own word";
  for (const char* code : {"identity_conflict", "22003"}) {
    Error error{ErrorKind::conflict, "", "", "", code};
    EXPECT_EQ(is_of_repeat(example, composer().dead_letter(origin, error, {})), error.code == "identity_conflict");
  }
}

TEST(Clerk, AForeignRecordAndItsDeadLetterAreTheSameMessage) {
  Example example;
  for (const char* value : {"no json", R"({"data":{}})", R"({"message_id":"7","data":{}})"}) {
    auto origin = record_of("in", value);
    auto first = written(example, origin);
    auto letter = written(example, consumed(composer().dead_letter(origin, Error{}, {})));
    ASSERT_EQ(first.size(), 1u);
    ASSERT_EQ(letter.size(), 1u);
    EXPECT_EQ(first[0].entry.id, letter[0].entry.id) << value;
    EXPECT_EQ(letter[0].entry.origin, first[0].entry.at);
  }
}

TEST(Clerk, SourcesAreReadOfJoiningStagesOnly) {
  std::string value = R"({"results":{"g":{"sources":[{"message_id":")" + std::string(id) +
                      R"(","part":""},{"message_id":"no uuid"},{"message_id":")" + std::string(id) + R"(","part":"4"}]}}})";
  for (auto lookback : {0ms, 60'000ms}) {
    Example example(lookback);
    auto all = written(example, record_of("out", value, {{"message_id", id}, {"part", "0"}, {"loom-hop", R"({"group":"g","from":"in/0/3"})"}}));
    ASSERT_EQ(all.size(), lookback == 0ms ? 1u : 3u);
    if (lookback == 0ms) continue;
    EXPECT_EQ(all[1].entry.kind, Entry::Kind::source);
    EXPECT_EQ(all[1].entry.group, example.plan.group("g"));
    EXPECT_EQ(all[2].part, "4");
  }
}

TEST(Clerk, ReplaysNameTheirGroup) {
  Example example;
  auto replayed = [&](const char* group) {
    return written(example, record_of("in", "{}", {{"loom-replay-for", group}}))[0].entry.replay_for;
  };
  EXPECT_EQ(replayed("g"), example.plan.group("g"));
  auto unknown = replayed("a group that is no more");
  EXPECT_NE(unknown, nobody);
  EXPECT_NE(unknown, example.plan.group("g"));
}

TEST(Clerk, BrokenHopHeadersAreForeign) {
  Example example;
  for (const char* hop : {"", "{", "[]", R"({"group":7})", R"({"group":"g","from":"in"})"}) {
    auto all = written(example, record_of("out", "{}", {{"loom-hop", hop}}));
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].entry.origin.topic, nobody) << hop;
  }
  EXPECT_TRUE(written(example, record_of("nobody's topic", "{}")).empty());
}

TEST(Receipts, AreTheAnswersOfTheApi) {
  Example example;
  auto receipt = receipt_of(R"({"status":"success","message_id":")" + std::string(id) + R"(","topic":"in","partition":2,"offset":41})", example.plan);
  ASSERT_TRUE(receipt && *receipt);
  EXPECT_EQ((*receipt)->at, (Spot{example.plan.topic("in"), 2, 41}));
  auto refused = receipt_of(R"({"status":"error","index":3})", example.plan);
  EXPECT_TRUE(refused && !*refused);
  EXPECT_FALSE(receipt_of("no json", example.plan));
  EXPECT_FALSE(receipt_of(R"({"message_id":")" + std::string(id) + R"(","topic":"other","partition":2,"offset":41})", example.plan));
}

}  // namespace
}  // namespace loom::books
