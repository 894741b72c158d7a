#include "stages/by_hint.h"

#include <gtest/gtest.h>

namespace loom::stages {
namespace {

/// Emits {"by":name}, and notes how many messages each call had.
MadeStage stage(std::string name, std::size_t batch, std::vector<std::string>* calls) {
  MadeStage made;
  made.batch = batch;
  made.make_handler = [name, calls]() -> Result<BatchHandler> {
    return BatchHandler([name, calls](std::span<const Envelope> messages) {
      calls->push_back(name + " " + std::to_string(messages.size()));
      std::vector<Outcome> outcomes;
      for (const auto& message : messages)
        outcomes.push_back(message.device_id == "bad" ? Outcome(Drop{name}) : with_result(R"({"by":")" + name + "\"}"));
      return outcomes;
    });
  };
  return made;
}

Envelope with(std::string hint, std::string device = {}) {
  Envelope message;
  message.pipeline_hint = std::move(hint);
  message.device_id = std::move(device);
  return message;
}

std::string text_of(const Outcome& outcome) {
  if (const auto* drop = std::get_if<Drop>(&outcome)) return "drop " + drop->reason;
  return std::get<Emit>(outcome).messages.at(0).result;
}

TEST(ByHint, EachMessageGoesItsWayAndTheOrderStays) {
  std::vector<std::string> calls;
  auto made = by_hint(stage("base", 8, &calls), {{"a", stage("one", 2, &calls)}, {"b", stage("two", 8, &calls)}});
  EXPECT_EQ(made.batch, 8U);
  auto handler = made.make_handler();
  ASSERT_TRUE(handler);
  std::vector<Envelope> messages{with("a"), with(""), with("b"), with("a"), with("else"), with("a", "bad"), with("a")};
  auto outcomes = (*handler)(messages);
  std::vector<std::string> texts;
  for (const auto& outcome : outcomes) texts.push_back(text_of(outcome));
  EXPECT_EQ(texts, (std::vector<std::string>{R"({"by":"one","hint":"a"})", R"({"by":"base"})", R"({"by":"two","hint":"b"})",
                                             R"({"by":"one","hint":"a"})", R"({"by":"base"})", "drop one",
                                             R"({"by":"one","hint":"a"})"}));
  EXPECT_EQ(calls, (std::vector<std::string>{"base 2", "one 2", "one 2", "two 1"}));
  EXPECT_EQ((*handler)(std::span(messages).first(1)).size(), 1U);
}

TEST(ByHint, TheResultStaysAnObject) {
  for (auto [result, wanted] : {std::pair{"{}", R"({"hint":"a \"b\""})"}, {"{ }", R"({ "hint":"a \"b\""})"},
                                {"{\"x\":{}} ", R"({"x":{},"hint":"a \"b\""})"}, {R"({"hint":"mine"})", R"({"hint":"mine"})"}}) {
    MadeStage hinted;
    hinted.make_handler = [result]() -> Result<BatchHandler> {
      return BatchHandler([result](std::span<const Envelope> messages) { return std::vector(messages.size(), with_result(result)); });
    };
    std::vector<std::string> calls;
    auto handler = by_hint(stage("base", 1, &calls), {{"a \"b\"", hinted}}).make_handler();
    auto message = with("a \"b\"");
    EXPECT_EQ(text_of((*handler)(std::span(&message, 1)).at(0)), wanted);
  }
}

TEST(ByHint, WhatAHandlerLacksIsNotHidden) {
  std::vector<std::string> calls;
  MadeStage lazy, broken;
  lazy.make_handler = []() -> Result<BatchHandler> {
    return BatchHandler([](std::span<const Envelope>) { return std::vector<Outcome>{}; });
  };
  broken.make_handler = []() -> Result<BatchHandler> { return fail(ErrorKind::configuration, "no model"); };
  std::vector<Envelope> messages{with("a"), with("")};
  auto handler = by_hint(stage("base", 1, &calls), {{"a", lazy}}).make_handler();
  EXPECT_TRUE((*handler)(messages).empty());
  auto none = by_hint(stage("base", 1, &calls), {{"a", broken}}).make_handler();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "no model");
}

}  // namespace
}  // namespace loom::stages
