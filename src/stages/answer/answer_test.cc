#include "stages/answer/answer.h"

#include <gtest/gtest.h>

namespace loom::stages {
namespace {

std::string outcome_of(const std::string& text) {
  json::Document document;
  auto answer = document.parse(text);
  if (!answer) return "no JSON";
  auto outcome = outcome_of_answer(text, *answer);
  if (!outcome) return std::string(traits_of(outcome.error().kind).name);
  if (auto* drop = std::get_if<Drop>(&*outcome)) return "drop " + drop->reason;
  if (auto* retry = std::get_if<Retry>(&*outcome)) return "retry " + retry->error.message;
  if (auto* reject = std::get_if<Reject>(&*outcome)) return "reject " + reject->error.message;
  std::string all = "emit";
  for (const auto& message : std::get<Emit>(*outcome).messages) all += " " + message.result + message.part_step;
  return all;
}

TEST(Answer, EachKindIsAnOutcome) {
  struct Row {
    const char *text, *outcome;
  };
  for (const auto& row : {
           Row{R"({"result":{"a": 1.50}})", R"(emit {"a": 1.50})"},
           Row{R"({"id":7,"result":{"a":1},"more":[]})", R"(emit {"a":1})"},
           Row{R"({"results":[{"a":1}, {"a":2}]})", R"(emit {"a":1}0 {"a":2}1)"},
           Row{R"({"results":[]})", "emit"},
           Row{R"({"drop":"dull"})", "drop dull"},
           Row{R"({"error":"no text"})", "reject no text"},
           Row{R"({"error":"no text","retry":false})", "reject no text"},
           Row{R"({"error":"busy","retry":true})", "retry busy"},
           Row{R"({"error":"two\nlines"})", "reject two lines"},
           Row{R"({"error":"no text","retry":"yes"})", "reject no text"},
           Row{R"({})", "malformed"},
           Row{R"({"result":1})", "malformed"},
           Row{R"({"results":[{"a":1},2]})", "malformed"},
           Row{R"({"drop":1})", "malformed"},
           Row{R"({"error":{"text":"x"}})", "malformed"},
           Row{"{\"\\u0072esult\":{}}", "emit {}"},
       })
    EXPECT_EQ(outcome_of(row.text), row.outcome) << row.text;
}

TEST(Answer, ReasonsAndErrorsAreCutBetweenCharacters) {
  std::string long_word;
  for (int i = 0; i < 1000; ++i) long_word += "€";
  EXPECT_EQ(outcome_of(R"({"drop":")" + long_word + R"("})"), "drop " + long_word.substr(0, 63));
  EXPECT_EQ(outcome_of(R"({"error":")" + long_word + R"("})"), "reject " + long_word.substr(0, 999));
}

}  // namespace
}  // namespace loom::stages
