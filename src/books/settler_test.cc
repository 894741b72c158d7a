// Letters in, records out: the producer is a list that answers at once, or as the test says.
#include "books/settler.h"

#include <gtest/gtest.h>

#include "model/message.h"

namespace loom::books {
namespace {

struct ListProducer : kafka::Producer {
  std::vector<model::OutRecord> sent;
  std::function<std::optional<Error>(const model::OutRecord&)> fails = [](const auto&) { return std::nullopt; };
  Result<void> send(model::OutRecord&& record, kafka::Done done) override {
    auto error = fails(record);
    if (!error) sent.push_back(std::move(record));
    if (error)
      done(tl::unexpected<Error>(*error));
    else
      done(kafka::Delivery{Partition{0}, Offset{0}});
    return {};
  }
  void wake(int) override {}
  std::size_t serve(std::chrono::milliseconds) override { return 0; }
  Result<void> warm(const TopicName&, std::chrono::milliseconds) override { return {}; }
  Result<void> flush(std::chrono::milliseconds) override { return {}; }
  std::size_t bytes_in_flight() const override { return 0; }
  std::size_t records_in_flight() const override { return 0; }
  std::chrono::milliseconds since_broker_answered() const override { return {}; }

  std::vector<const model::OutRecord*> to(std::string_view topic) const {
    std::vector<const model::OutRecord*> found;
    for (const auto& record : sent)
      if (record.topic.get() == topic) found.push_back(&record);
    return found;
  }
};

std::map<std::string, std::string> headers_of(const model::OutRecord& record) {
  return {record.headers.begin(), record.headers.end()};
}

constexpr const char* id = "0198f0c2-0000-7000-8000-000000000001";

struct Dead {
  std::int64_t offset = 0, origin = 0;
  std::string replays = "0", kind = "invalid_value", field = "n", value = R"({"data":{"n":"x"}})";
};
model::Record record_of(const Dead& dead) {
  return model::Record::of({"dlq.g",
                            2,
                            dead.offset,
                            1000 + dead.offset,
                            "k",
                            dead.value,
                            {{"message_id", id},
                             {"part", ""},
                             {"own", "1"},
                             {"loom-origin-topic", "in"},
                             {"loom-origin-partition", "1"},
                             {"loom-origin-offset", std::to_string(dead.origin)},
                             {"loom-group", "g"},
                             {"loom-error-kind", dead.kind},
                             {"loom-error-field", dead.field},
                             {"loom-replay-count", dead.replays},
                             {"loom-origin-timestamp", "77"}}});
}

struct Settling : testing::Test {
  ListProducer producer;
  Settled settled;
  kafka::Offsets committed;
  std::atomic<bool> stop{false};

  Result<Settlement> run(const std::vector<Dead>& letters, SettleOptions options = {}) {
    Settler settler({"cluster", settled, producer, [this](const kafka::Offsets& next) { committed = next; }, stop},
                    std::move(options));
    for (const auto& dead : letters) {
      auto record = record_of(dead);
      if (!settler.take(record, letter_of(record))) break;
    }
    return settler.finish();
  }
  Offset next() { return committed[{TopicName{"dlq.g"}, Partition{2}}]; }
};

TEST_F(Settling, AReplayIsTheOriginalForItsGroupOnly) {
  auto done = run({{.offset = 5, .origin = 9, .replays = "1"}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->settled, 1u);
  ASSERT_EQ(producer.to("in").size(), 1u);
  const auto& replay = *producer.to("in")[0];
  EXPECT_EQ(replay.key, "k");
  EXPECT_EQ(replay.value, R"({"data":{"n":"x"}})");
  EXPECT_FALSE(replay.partition) << "the key decides";
  EXPECT_EQ(headers_of(replay), (std::map<std::string, std::string>{{"message_id", id},
                                                                    {"part", ""},
                                                                    {"own", "1"},
                                                                    {"loom-replay-for", "g"},
                                                                    {"loom-replay-count", "2"},
                                                                    {"loom-dead-letter", "dlq.g:2:5"},
                                                                    {"loom-origin-timestamp", "77"}}));
  EXPECT_EQ(settled.fate_of(letter_of(record_of({.offset = 5}))), LetterFate::replayed);
  EXPECT_EQ(next(), Offset{6});
}

TEST_F(Settling, AForeignRecordIsReplayedWithTheIdentityOfItsOwnPlace) {
  auto record = model::Record::of({"dlq.g",
                                   0,
                                   3,
                                   1,
                                   std::nullopt,
                                   "{}",
                                   {{"loom-origin-topic", "in"}, {"loom-origin-partition", "1"},
                                    {"loom-origin-offset", "9"}, {"loom-group", "g"}}});
  auto replay = replay_of(record, letter_of(record), "cluster");
  auto origin = model::Record::of({"in", 1, 9, 1, std::nullopt, "{}", {}});
  EXPECT_EQ(headers_of(replay)["message_id"], model::identity_of(origin, "cluster").message_id);
  EXPECT_EQ(headers_of(replay)["part"], "");
  EXPECT_FALSE(replay.key);
}

TEST_F(Settling, WhatIsNotWantedStaysOpenAndHoldsTheCommittedOffsetBack) {
  auto done = run({{.offset = 0}, {.offset = 1, .origin = 1, .field = "m"}, {.offset = 2, .origin = 2}},
                  {.filter = {.field = "n"}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->matched, 2u);
  EXPECT_EQ(done->settled, 2u);
  EXPECT_EQ(next(), Offset{1});
  auto rest = run({{.offset = 1, .origin = 1, .field = "m"}, {.offset = 2, .origin = 2}});
  EXPECT_EQ(rest->settled, 1u) << "the other is settled already";
  EXPECT_EQ(next(), Offset{3});
}

TEST_F(Settling, ALetterThatWasWrittenTwiceIsReplayedOnce) {
  auto done = run({{.offset = 0, .origin = 4}, {.offset = 1, .origin = 4}, {.offset = 2, .origin = 5}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->settled, 2u);
  EXPECT_EQ(producer.to("in").size(), 2u);
  EXPECT_EQ(producer.to("loom.dlq.settled").size(), 3u);
  EXPECT_EQ(next(), Offset{3});
}

TEST_F(Settling, TheTwinOfALetterThatFailedStaysOpen) {
  producer.fails = [](const auto& record) {
    return record.topic.get() == "in" ? std::optional(Error{ErrorKind::not_found, "no topic", "", "", ""}) : std::nullopt;
  };
  auto done = run({{.offset = 0, .origin = 4}, {.offset = 1, .origin = 4}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->refused, 1u);
  EXPECT_EQ(done->problems, (std::map<std::string, std::size_t>{{"no topic", 1}}));
  EXPECT_TRUE(producer.sent.empty());
  EXPECT_TRUE(committed.empty());
}

TEST_F(Settling, ALoopIsGuarded) {
  auto done = run({{.offset = 0, .replays = "3"}, {.offset = 1, .origin = 1, .replays = "2"}});
  EXPECT_EQ(done->guarded, 1u);
  EXPECT_EQ(done->settled, 1u);
  EXPECT_TRUE(committed.empty());
  EXPECT_EQ(run({{.offset = 0, .replays = "3"}}, {.most_replays = 4})->settled, 1u);
}

TEST_F(Settling, APatchChangesTheValueAndNoIdentity) {
  auto done = run({{.offset = 0}, {.offset = 1, .origin = 1, .value = "{torn"}}, {.patch = R"({"data":{"n":7}})"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->settled, 1u);
  EXPECT_EQ(done->refused, 1u);
  const auto& replay = *producer.to("in")[0];
  EXPECT_EQ(replay.value, R"({"data":{"n":7}})");
  EXPECT_EQ(headers_of(replay)["message_id"], id);
}

TEST_F(Settling, ADropIsRecordedWithItsReason) {
  auto done = run({{.offset = 5, .origin = 9, .replays = "8"}}, {.fate = LetterFate::dropped, .reason = "test data"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->settled, 1u);
  ASSERT_EQ(producer.to("drops.g").size(), 1u);
  auto headers = headers_of(*producer.to("drops.g")[0]);
  EXPECT_EQ(headers["message_id"], id);
  EXPECT_EQ(headers["loom-origin-topic"] + headers["loom-origin-partition"] + headers["loom-origin-offset"], "in19");
  EXPECT_EQ(headers["loom-reason"], "test data");
  auto note = note_of(model::Record::of({"loom.dlq.settled", 0, 0, 1, "", "", producer.sent.back().headers}));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->fate, LetterFate::dropped);
  EXPECT_EQ(note->reason, "test data");
  EXPECT_EQ(to_string(note->letter), "dlq.g:2:5");
  EXPECT_TRUE(producer.to("in").empty());
}

TEST_F(Settling, ADryRunSendsNothing) {
  auto done = run({{.offset = 0}, {.offset = 1}, {.offset = 2, .origin = 2}}, {.dry_run = true});
  EXPECT_EQ(done->settled, 2u) << "one was written twice";
  EXPECT_TRUE(producer.sent.empty());
  EXPECT_TRUE(committed.empty());
}

TEST_F(Settling, WithoutItsNoteALetterStaysOpen) {
  producer.fails = [](const auto& record) {
    return record.topic.get() == "in" ? std::nullopt : std::optional(Error{ErrorKind::timeout, "no answer", "", "", ""});
  };
  auto done = run({{.offset = 0}, {.offset = 1, .origin = 1}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::timeout);
  EXPECT_EQ(settled.fate_of(letter_of(record_of({.offset = 0}))), LetterFate::open);
  EXPECT_TRUE(committed.empty());
}

TEST_F(Settling, ALetterOfAnEarlierTopicIsAnother) {
  ASSERT_TRUE(run({{.offset = 0}}));
  auto letter = letter_of(record_of({.offset = 0}));
  EXPECT_EQ(settled.fate_of(letter), LetterFate::replayed);
  letter.written_ms += 1;
  EXPECT_EQ(settled.fate_of(letter), LetterFate::open);
}

TEST_F(Settling, TheRateIsAskedAndTheBatchIsSentMeanwhile) {
  ASSERT_TRUE(run({{.offset = 0}, {.offset = 1, .origin = 1}, {.offset = 2, .origin = 2}}, {.rate = 20}));
  EXPECT_EQ(producer.to("in").size(), 3u);
  EXPECT_EQ(producer.sent[1].topic.get(), "loom.dlq.settled") << "no letter waits for its note";
}

TEST(Places, AreReadAsTheyAreWritten) {
  auto place = parse_place("a.b:c:3:17");
  ASSERT_TRUE(place);
  EXPECT_EQ(to_string(*place), "a.b:c:3:17");
  for (const auto* wrong : {"", "a", "a:1", ":1:2", "a:x:2", "a:1:", "a:-1:2", "a:1:2x"}) EXPECT_FALSE(parse_place(wrong)) << wrong;
}

struct Case {
  const char* name;
  Filter filter;
  bool wanted;
};
class Filters : public testing::TestWithParam<Case> {};
TEST_P(Filters, Want) {
  auto record = record_of({.offset = 5, .origin = 9});
  EXPECT_EQ(wants(GetParam().filter, letter_of(record), record), GetParam().wanted);
}
const Case cases[] = {
    {"nothing", {}, true},
    {"kind", {.kind = "invalid_value"}, true},
    {"other_kind", {.kind = "malformed"}, false},
    {"empty_code", {.code = "22003"}, false},
    {"field", {.field = "n"}, true},
    {"topic", {.topic = "in"}, true},
    {"other_topic", {.topic = "dlq.g"}, false},
    {"key", {.key = "k"}, true},
    {"other_key", {.key = "l"}, false},
    {"message", {.message_id = id}, true},
    {"its_place", {.place = parse_place("dlq.g:2:5")}, true},
    {"its_origin", {.place = parse_place("in:1:9")}, true},
    {"another_place", {.place = parse_place("in:1:5")}, false},
    {"since", {.since_ms = 1005}, true},
    {"later", {.since_ms = 1006}, false},
    {"until", {.until_ms = 1005}, false},
    {"one_of_two", {.kind = "invalid_value", .field = "m"}, false},
};
INSTANTIATE_TEST_SUITE_P(All, Filters, testing::ValuesIn(cases), [](const auto& it) { return it.param.name; });

}  // namespace
}  // namespace loom::books
