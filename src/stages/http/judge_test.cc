#include "stages/http/judge.h"

#include <gtest/gtest.h>

namespace loom::stages {
namespace {

/// "retry" comes again for ever, "attempt" as often as the stage says, then it is a dead letter.
std::string text_of(const Outcome& outcome) {
  auto kind = [](const Error& error) { return std::string(traits_of(error.kind).name); };
  if (auto* emit = std::get_if<Emit>(&outcome)) return "emit " + emit->messages.at(0).result;
  if (auto* drop = std::get_if<Drop>(&outcome)) return "drop " + drop->reason;
  if (auto* reject = std::get_if<Reject>(&outcome)) return "reject " + kind(reject->error);
  const auto& error = std::get<Retry>(outcome).error;
  return (traits_of(error.kind).remedy == Remedy::retry ? "retry " : "attempt ") + kind(error);
}
const Error& error_in(const Judged& judged) {
  if (auto* reject = std::get_if<Reject>(&judged.outcome)) return reject->error;
  return std::get<Retry>(judged.outcome).error;
}

TEST(Judge, WhatSaysNothingOfTheMessageComesAgainForAsLongAsItTakes) {
  for (int status : {301, 307, 401, 403, 404, 405, 407, 408, 425, 429, 500, 501, 502, 503, 504, 599, 304})
    EXPECT_EQ(text_of(judge(ServiceReply{status, R"({"error":"x"})"}).outcome), "retry unavailable") << status;
  for (const auto* page : {"", "<html>Sign in</html>", "ok", "[]", "null", "{\"result\":", "\xff\xfe"})
    EXPECT_EQ(text_of(judge(ServiceReply{200, page}).outcome), "retry unavailable") << page;
  for (auto kind : {ErrorKind::unavailable, ErrorKind::malformed, ErrorKind::internal})
    EXPECT_EQ(text_of(judge(fail(kind, "down")).outcome), "retry unavailable");
  EXPECT_EQ(text_of(judge(fail(ErrorKind::timeout, "slow")).outcome), "retry timeout");
}

TEST(Judge, WhatTheServiceSaysOfTheMessageCounts) {
  struct Row {
    int status;
    const char *body, *outcome;
  };
  for (const auto& row : {
           Row{200, R"({"result":{"a":1}})", R"(emit {"a":1})"},
           Row{201, "\n{\"result\": {\"a\":1}}\n", R"(emit {"a":1})"},
           Row{200, R"({"drop":"dull"})", "drop dull"},
           Row{200, R"({"error":"no text"})", "reject invalid_value"},
           Row{200, R"({"error":"busy","retry":true})", "retry unavailable"},
           Row{200, R"({"label":"positive"})", "attempt malformed"},
           Row{400, "", "reject invalid_value"},
           Row{409, "", "reject invalid_value"},
           Row{413, "", "reject too_large"},
           Row{422, "", "reject invalid_value"},
       })
    EXPECT_EQ(text_of(judge(ServiceReply{row.status, row.body}).outcome), row.outcome) << row.status << row.body;
  EXPECT_EQ(text_of(judge(fail(ErrorKind::too_large, "the reply is over 9 bytes")).outcome), "attempt too_large");
}

TEST(Judge, AnErrorNamesTheStatusTheComplaintAndTheRemedy) {
  struct Row {
    const char *body, *message;
  };
  for (const auto& row : {Row{R"({"error":"no text"})", "the service answered 422: no text"},
                          Row{R"({"error":{"message":"no text"}})", "the service answered 422: no text"},
                          Row{R"({"detail":"no text"})", "the service answered 422: no text"},
                          Row{"no\ntext", "the service answered 422: no text"},
                          Row{"<html>no text</html>", "the service answered 422"}, Row{"", "the service answered 422"}}) {
    auto judged = judge(ServiceReply{422, row.body});
    EXPECT_EQ(error_in(judged).message, row.message);
    EXPECT_EQ(error_in(judged).code, "422");
    EXPECT_FALSE(error_in(judged).remedy.empty());
  }
  EXPECT_LT(error_in(judge(ServiceReply{422, std::string(1 << 20, 'x')})).message.size(), 400U);
  EXPECT_LT(error_in(judge(ServiceReply{200, std::string(1 << 20, 'x')})).message.size(), 400U);
}

TEST(Judge, ARestIsTakenAsTheServiceAsksUpToAMinute) {
  struct Row {
    int status;
    const char* header;
    int rest;
  };
  for (const auto& row : {Row{503, "2", 2}, Row{429, "30", 30}, Row{429, "3600", 60}, Row{503, "99999999999999", 60}, Row{503, "", 0},
                          Row{503, "-5", 0}, Row{503, "soon", 0}, Row{503, "Wed, 21 Oct 2026 07:28:00 GMT", 0}, Row{500, "9", 0},
                          Row{200, "9", 0}})
    EXPECT_EQ(judge(ServiceReply{row.status, "", row.header}).rest.count(), row.rest) << row.status << row.header;
}

}  // namespace
}  // namespace loom::stages
