// A stage that joins, on the whole loop: a joiner that adds up words of a key until one ends with a full stop.
#include "base/clock.h"
#include "runner/joiners.h"
#include "runner/loop_fixture.h"
#include "runner/stage_work.h"

namespace loom::runner {
namespace {

class Sentence : public Joiner {
 public:
  explicit Sentence(std::function<void()> taken) : taken_(std::move(taken)) {}
  Taken take(const Envelope& message, const Kept& kept) override {
    taken_();
    auto word = std::string(*message.string_at("data.word"));
    if (word == "throw") throw std::runtime_error("boom");
    if (word == "-") return {Drop{"no_word"}};
    std::vector<Ended> ended;
    if (word == "|" || word == "later") ended = close();
    if (word == "|") return {Drop{"bar"}, std::move(ended)};
    if (word == "later") return {Retry{*error_of(ErrorKind::unavailable)}, std::move(ended)};
    words_ += word;
    last_ = kept;
    if (word.back() == '!') throw std::runtime_error("boom");
    if (word.back() != '.') return {Joined{}};
    return {Emit{{output()}}};
  }
  std::optional<Micros> closes_after() const override { return last_ ? std::optional<Micros>(1000) : std::nullopt; }
  std::vector<Ended> close() override {
    if (!last_) return {};
    auto message = last_;
    return {Ended{message, Emit{{output()}}}};
  }

 private:
  Output output() {
    last_.reset();
    return {json::Writer{}.field("sentence", std::exchange(words_, "")).text(), {}, {}};
  }
  std::function<void()> taken_;
  std::string words_;
  Kept last_;
};

class JoiningTest : public ConsumeLoopTest {
 protected:
  JoiningTest() {
    Joining joining;
    joining.leave_out = {"data.picture"};
    joining.open = [this]() -> Result<std::function<std::unique_ptr<Joiner>()>> {
      return std::function<std::unique_ptr<Joiner>()>(
          [this] { return std::make_unique<Sentence>([this] { ++taken_, kafka_.touch(); }); });
    };
    StageWork stage;
    stage.group = ConsumerGroup{"g"};
    stage.lanes = 3;
    stage.joining = std::move(joining);
    work_ = work_of(std::move(stage));
    ports_.steady = [this] { return now_.load(); };
    ports_.lookback = [this](std::span<const model::TopicPartition>, milliseconds) -> Result<Starts> {
      return starts_;
    };
  }
  void say(const std::string& word, const std::string& key = "phone", int partition = 0, std::int64_t timestamp_ms = 0) {
    kafka_.put({"in", partition, 0, timestamp_ms, key,
                R"({"device_id":")" + key + R"(","timestamp":"2026-01-01T00:00:00Z","data":{"word":")" + word +
                    R"(","picture":"large"}})",
                {}});
  }
  /// The sentences in the output, each with the offset of the record whose identity it has.
  Names sentences() {
    Names names;
    for (const auto& record : kafka_.of("out")) {
      auto from = record.value.find(R"("sentence":")") + 12;
      auto origin = origin_of(record);
      names.push_back(origin.substr(origin.rfind('/') + 1) + ":" +
                      record.value.substr(from, record.value.find('"', from) - from));
    }
    return names;
  }
  /// Too small for the sentence 'ab'.
  void topic_is_small() {
    kafka_.deliver = [this](const model::OutRecord& record) -> std::optional<Error> {
      if (!topic_is_small_ || record.value.find(R"("ab")") == std::string::npos) return std::nullopt;
      ++refused_;
      return error_of(ErrorKind::too_large);
    };
  }
  /// 'a' and 'b' are committed, the clock has ended them and the topic refuses what came of it.
  void the_clock_ends_what_is_refused() {
    topic_is_small();
    say("a"), say("b");
    kafka_.assign({at(0)});
    start();
    ASSERT_TRUE(wait_for_commit(0, 2));
    now_ = 1000;
    ASSERT_TRUE(kafka_.wait_until([&] { return refused_ > 0; }));
  }
  void ends_what_was_open_and_is_a_dead_letter(const char* word) {
    for (const auto* each : {"a", word, "b."}) say(each);
    kafka_.assign({at(0)});
    start();
    ASSERT_TRUE(wait_for_commit(0, 3));
    EXPECT_EQ(kafka_.of("dlq.g").size(), 1U);
    EXPECT_EQ(sentences(), (Names{"0:a", "2:b."}));
  }
  std::atomic<bool> topic_is_small_{true};
  std::atomic<int> refused_{0};
  std::atomic<int> taken_{0};
  std::atomic<Micros> now_{0};
  Starts starts_;
};

TEST_F(JoiningTest, JoinedMessagesSettleAndTheLastOneIsEmitted) {
  for (const auto* word : {"a", "b", "c.", "-", "d."}) say(word);
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_commit(0, 5));
  EXPECT_EQ(sentences(), (Names{"2:abc.", "4:d."}));
  EXPECT_EQ(kafka_.of("drops.g").size(), 1U);
  EXPECT_EQ(settled("joined"), 2U);
}

TEST_F(JoiningTest, WhatEndsLaterHasTheIdentityOfTheMessageItEndedIn) {
  for (const auto* word : {"a", "b", "|"}) say(word);
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_commit(0, 3));
  EXPECT_EQ(sentences(), (Names{"1:ab"}));
  EXPECT_EQ(kafka_.of("out")[0].value.find("large"), std::string::npos) << "a Kept lacks what the stage leaves out";
}

TEST_F(JoiningTest, EachKeyHasItsOwnMemory) {
  for (const auto& [word, key] : {std::pair{"a", "x"}, {"b", "y"}, {"c.", "x"}, {"d.", "y"}}) say(word, key);
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_commit(0, 4));
  auto all = sentences();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (Names{"2:ac.", "3:bd."}));
}

TEST_F(JoiningTest, TheLookbackIsRememberedAndNotSettledAgain) {
  for (const auto* word : {"x", "a.", "b", "c", "d."}) say(word);
  kafka_.committed[at(0)] = Offset{3};
  starts_[at(0)] = {Offset{1}, Offset{3}};
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_commit(0, 5));
  EXPECT_EQ(sentences(), (Names{"4:bcd."})) << "'a.' was emitted before, 'b' is remembered";
  EXPECT_EQ(taken_, 4);
  EXPECT_EQ(kafka_.breaches, 0U);
}

TEST_F(JoiningTest, AnOutputThatIsNotDeliveredIsSentAgainWithoutAskingTheJoiner) {
  std::atomic<int> failures{3};
  kafka_.deliver = [&](const model::OutRecord&) -> std::optional<Error> {
    if (failures-- > 0) return error_of(ErrorKind::unavailable);
    return std::nullopt;
  };
  for (const auto* word : {"a", "b.", "c."}) say(word);
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_commit(0, 3));
  EXPECT_EQ(taken_, 3);
  auto all = sentences();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (Names{"1:ab.", "2:c."}));
}

TEST_F(JoiningTest, TheClockEndsWhatIsOpenAtTheEndOfThePartition) {
  say("a"), say("b");
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_commit(0, 2));
  now_ = 999;
  EXPECT_TRUE(sentences().empty()) << "its time has not come";
  now_ = 1000;
  ASSERT_TRUE(wait_for_output(1));
  EXPECT_EQ(sentences(), (Names{"1:ab"}));
}

TEST_F(JoiningTest, ABacklogOfOthersIsNotCommittedPastWhatIsOpenAndEndsIt) {
  kafka_.has_no_end = true;
  say("a", "gone"), say("b", "gone");
  for (int i = 1; i <= 3; ++i) say("x.", "other", 0, 100 * i);
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_output(3));
  ASSERT_TRUE(wait_for_commit(0, 2));
  say("x.", "other", 0, 400);
  ASSERT_TRUE(wait_for_output(4));
  now_ = 1000;
  ASSERT_TRUE(wait_for_output(5));
  EXPECT_EQ(sentences().back(), "1:ab");
  ASSERT_TRUE(wait_for_commit(0, 6));
  for (const auto& commit : kafka_.commits) EXPECT_TRUE(commit.at(at(0)).get() <= 2 || commit == kafka_.commits.back());
}

TEST_F(JoiningTest, WhatIsTooLargeForTheOutputWaitsWithItsRecordUntilTheTopicTakesIt) {
  topic_is_small();
  for (const auto* word : {"a", "b", "|"}) say(word);
  say("x.", "other");
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(kafka_.wait_until([&] {
    return refused_ > 2 && std::any_of(kafka_.acknowledged.begin(), kafka_.acknowledged.end(),
                                       [](const auto& record) { return record.topic.get() == "out"; });
  }));
  topic_is_small_ = false;
  ASSERT_TRUE(wait_for_commit(0, 4));
  EXPECT_EQ(sentences(), (Names{"3:x.", "1:ab"}));
  EXPECT_TRUE(kafka_.of("dlq.g").empty());
  EXPECT_EQ(taken_, 4);
}

TEST_F(JoiningTest, WhatTheClockEndedAndIsTooLargeHoldsItsKeyAndTheCommitsAndNobodyElse) {
  ASSERT_NO_FATAL_FAILURE(the_clock_ends_what_is_refused());
  say("y", "third"), say("z", "third");
  for (std::size_t i = 1; i < 10; ++i) {
    say("x.", "other");
    ASSERT_TRUE(wait_for_output(i));
  }
  now_ = 2000;
  ASSERT_TRUE(kafka_.wait_until([&] { return now_ += 1000, kafka_.acknowledged.size() == 10; })) << "others end";
  say("d."), say("x.", "other");
  ASSERT_TRUE(wait_for_output(11));
  EXPECT_EQ(kafka_.committed[at(0)], Offset{2}) << "who begins anew needs 'a' and 'b'";
  topic_is_small_ = false;
  now_ += 1'000'000;
  ASSERT_TRUE(wait_for_commit(0, 15));
  auto all = sentences();
  EXPECT_EQ(Names(all.end() - 4, all.end()), (Names{"3:yz", "14:x.", "1:ab", "13:d."}));
  EXPECT_TRUE(kafka_.of("dlq.g").empty());
}

TEST_F(JoiningTest, WhatTheClockCouldNotSendGoesWithItsAssignmentAndIsRebuilt) {
  ASSERT_NO_FATAL_FAILURE(the_clock_ends_what_is_refused());
  starts_[at(0)] = {Offset{0}, Offset{2}};
  kafka_.revoke({at(0)});
  kafka_.assign({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.changes_done == 3; }));
  topic_is_small_ = false;
  say("x.", "other");
  ASSERT_TRUE(wait_for_output(1) && kafka_.wait_until([&] { return taken_ == 5; })) << "'a' and 'b' twice";
  now_ += 1'000'000;
  ASSERT_TRUE(wait_for_output(2));
  say("y.", "other");
  ASSERT_TRUE(wait_for_commit(0, 4));
  EXPECT_EQ(sentences(), (Names{"2:x.", "1:ab", "3:y."}));
}

TEST_F(JoiningTest, AMemoryGoesWithItsAssignment) {
  say("a");
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_commit(0, 1));
  kafka_.revoke({at(0)});
  ASSERT_TRUE(kafka_.wait_until([&] { return kafka_.changes_done == 2; }));
  now_ = 5'000'000;
  kafka_.assign({at(0)});  // starts_ names no lookback: it begins at the committed offset and remembers nothing
  say("b.");
  ASSERT_TRUE(wait_for_commit(0, 2));
  EXPECT_EQ(sentences(), (Names{"1:b."}));
}

TEST_F(JoiningTest, AJoinerThatThrowsEndsWhatWasOpenAndTheMessageIsADeadLetter) {
  ends_what_was_open_and_is_a_dead_letter("throw");
}

TEST_F(JoiningTest, WhatEndsInAMessageThatThrewIsItsOwnOutcome) {
  for (const auto* word : {"a", "b!", "c."}) say(word);
  kafka_.assign({at(0)});
  start();
  ASSERT_TRUE(wait_for_commit(0, 3));
  EXPECT_TRUE(kafka_.of("dlq.g").empty());
  EXPECT_EQ(sentences(), (Names{"1:ab!", "2:c."}));
}

TEST_F(JoiningTest, WhatEndsInAMessageThatTheJoinerWantsAgainIsNotLost) {
  ends_what_was_open_and_is_a_dead_letter("later");
}

}  // namespace
}  // namespace loom::runner
