#include "runner/stage_work.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace loom::runner {
namespace {

class StageWorkTest : public testing::Test {
 protected:
  StageWorkTest() {
    stage_.group = ConsumerGroup{"g"};
    stage_.batch = 8;
    stage_.make_handler = [this]() -> Result<BatchHandler> {
      return one_by_one([this](const Envelope& message) {
        ++handled_;
        if (message.value.at_path("data.throw")) throw std::runtime_error("boom");
        return with_result("{}");
      });
    };
  }
  /// "emit", "drop when", "retry kind", "reject kind", "done how" of each value.
  std::vector<std::string> verdicts(const std::vector<std::string>& values, model::Headers headers = {}) {
    auto worker = work_of(stage_).make_worker({"cluster", {}});
    std::vector<model::Record> records;
    std::int64_t offset = 0;
    for (const auto& value : values) records.push_back(model::Record::of({"t", 0, offset++, 0, {}, value, headers}));
    std::vector<const model::Record*> pointers;
    for (const auto& record : records) pointers.push_back(&record);
    std::vector<std::string> names;
    for (const auto& verdict : (*worker)->handle(pointers)) names.push_back(name_of(verdict));
    return names;
  }
  static std::string name_of(const Verdict& verdict) {
    if (auto* drop = std::get_if<Drop>(&verdict)) return "drop " + drop->reason;
    if (auto* retry = std::get_if<Retry>(&verdict)) return "retry " + std::string(traits_of(retry->error.kind).name);
    if (auto* reject = std::get_if<Reject>(&verdict))
      return "reject " + std::string(traits_of(reject->error.kind).name);
    if (auto* done = std::get_if<Done>(&verdict)) return "done " + std::string(done->how);
    return "emit";
  }
  using Names = std::vector<std::string>;

  StageWork stage_;
  int handled_ = 0;
};

TEST_F(StageWorkTest, WhatIsNoMessageIsRejectedAndTheOthersAreHandled) {
  EXPECT_EQ(verdicts({R"({"a":1})", "{", R"([1])", "", R"({"b":2})"}),
            (Names{"emit", "reject malformed", "reject malformed", "reject malformed", "emit"}));
  EXPECT_EQ(handled_, 2);
}

TEST_F(StageWorkTest, AReplayForAnotherGroupIsNotOurs) {
  EXPECT_EQ(verdicts({R"({"a":1})"}, {{"loom-replay-for", "other"}}), (Names{"done not_ours"}));
  EXPECT_EQ(handled_, 0);
  EXPECT_EQ(verdicts({R"({"a":1})"}, {{"loom-replay-for", "g"}}), (Names{"emit"}));
}

TEST_F(StageWorkTest, WhenFiltersByScalars) {
  struct Row {
    std::string field, wanted, value, verdict;
  };
  for (const auto& row :
       {Row{"pipeline_hint", "ocr", R"({"pipeline_hint":"ocr"})", "emit"},
        Row{"pipeline_hint", "ocr", R"({"pipeline_hint":"other"})", "drop when"},
        Row{"pipeline_hint", "ocr", R"({})", "drop when"}, Row{"data.a.0", "x", R"({"data":{"a":["x"]}})", "emit"},
        Row{"data.n", "3", R"({"data":{"n":3}})", "emit"}, Row{"data.n", "3", R"({"data":{"n":"3"}})", "emit"},
        Row{"data.n", "2.5", R"({"data":{"n":2.5}})", "emit"}, Row{"data.n", "3", R"({"data":{"n":4}})", "drop when"},
        Row{"data.b", "true", R"({"data":{"b":true}})", "emit"},
        Row{"data.o", "{}", R"({"data":{"o":{}}})", "drop when"},
        Row{"data.o", "null", R"({"data":{"o":null}})", "drop when"}}) {
    stage_.when = {{row.field, row.wanted}};
    EXPECT_EQ(verdicts({row.value}), (Names{row.verdict})) << row.field << " " << row.value;
  }
}

TEST_F(StageWorkTest, AMessageThatMakesTheHandlerThrowIsRejectedAlone) {
  EXPECT_EQ(verdicts({R"({"data":{}})", R"({"data":{"throw":1}})", R"({"data":{}})"}),
            (Names{"emit", "reject internal", "emit"}));
}

TEST_F(StageWorkTest, TooFewOutcomesAreAFaultOfTheHandler) {
  stage_.make_handler = []() -> Result<BatchHandler> {
    return [](std::span<const Envelope>) { return std::vector<Outcome>{}; };
  };
  EXPECT_EQ(verdicts({R"({"a":1})", R"({"a":2})"}), (Names{"reject internal", "reject internal"}));
}

TEST_F(StageWorkTest, AHandlerThatCanNotBeMadeIsAnError) {
  stage_.make_handler = []() -> Result<BatchHandler> { return fail(ErrorKind::configuration, "no model"); };
  EXPECT_FALSE(work_of(stage_).make_worker({"cluster", {}}));
}

}  // namespace
}  // namespace loom::runner
