#include "stages/sentiment/sentiment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "loom/json.h"

namespace loom::stages {
namespace {

const Vader& vader() {
  static const auto opened = Vader::open();
  return *opened;
}

/// .deps/testdata/sentiment.tsv is the reference implementation's own answer (tools/score_sentences).
TEST(Vader, GivesTheReferencesScores) {
  std::ifstream in(LOOM_ROOT "/.deps/testdata/sentiment.tsv");
  ASSERT_TRUE(in) << "run tools/setup test";
  int count = 0, wrong = 0;
  for (std::string line; std::getline(in, line); ++count) {
    std::istringstream fields(line);
    double compound = 0, positive = 0, neutral = 0, negative = 0;
    fields >> compound >> positive >> neutral >> negative;
    std::string text;
    std::getline(fields.ignore(), text);
    auto score = vader().score(text);
    bool is_same = std::abs(score.compound - compound) <= 1e-4 + 1e-9 && std::abs(score.positive - positive) <= 0.0011 &&
                   std::abs(score.neutral - neutral) <= 0.0011 && std::abs(score.negative - negative) <= 0.0011;
    if (is_same) continue;
    if (++wrong < 10) ADD_FAILURE() << text << ": " << score.compound << ", the reference says " << compound;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(count, 3000);
}

TEST(Vader, AnyBytesAreSafe) {
  for (const auto* text : {"", " ", "\xff\xfe", "good \xf0\x9f", "\xc3"}) (void)vader().score(text);
  EXPECT_EQ(vader().score("").compound, 0);
}

Outcome judged(const std::string& json, SentimentOptions options = {}) {
  json::Document document;
  Envelope message;
  message.value = *document.parse(json);
  message.json = json;
  return judge({options, std::make_shared<const Vader>(vader()), [] { return Micros{0}; }}, message);
}

TEST(Sentiment, AddsScoresAndALabel) {
  auto outcome = judged(R"({"data":{"text":"I love it!"}})");
  const auto* emit = std::get_if<Emit>(&outcome);
  ASSERT_TRUE(emit);
  json::Document document;
  auto result = *document.parse(emit->messages[0].result);
  EXPECT_EQ(result.get("label")->string(), "positive");
  EXPECT_NEAR(*result.get("compound")->number(), 0.6696, 1e-4);
  EXPECT_FALSE(emit->messages[0].data) << "the original stays";
}

TEST(Sentiment, RejectsWhatIsNoTextOrTooLong) {
  for (const auto* json : {R"({"data":{}})", R"({"data":{"text":5}})"}) {
    auto outcome = judged(json);
    ASSERT_TRUE(std::holds_alternative<Reject>(outcome)) << json;
    EXPECT_EQ(std::get<Reject>(outcome).error.field, "data.text");
  }
  EXPECT_TRUE(std::holds_alternative<Reject>(judged(R"({"data":{"text":"too long"}})", {.max_bytes = 5})));
  EXPECT_TRUE(std::holds_alternative<Emit>(judged(R"({"data":{"body":"fine"}})", {.text = "data.body"})));
}

}  // namespace
}  // namespace loom::stages
