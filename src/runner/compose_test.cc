#include "runner/compose.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "runner/headers.h"

namespace loom::runner {
namespace {

constexpr std::string_view id = "0198f0c2-0000-7000-8000-000000000001";
constexpr std::string_view trace = "0123456789abcdef0123456789abcdef";

model::Record ours() {
  std::string value = R"({"schema_version":"1.0","message_id":")" + std::string(id) +
                      R"(","message_type":"note","device_id":"d","recorded_at":"2026-01-01T00:00:00.000000Z",)"
                      R"("timestamp":"2026-01-01T00:00:01.000000Z","trace_id":")" +
                      std::string(trace) + R"(","data":{"x": 1}})";
  return model::Record::of({"in",
                            3,
                            42,
                            5000,
                            "k",
                            value,
                            {{"message_id", std::string(id)},
                             {"part", ""},
                             {"message_type", "note"},
                             {"traceparent", make_traceparent(trace, "00000000000000aa")},
                             {"content-type", "application/json"}}});
}

Composer composer(std::optional<TopicName> output = TopicName{"out"}) {
  return Composer({ConsumerGroup{"g"}, "upper", "host-1", "cluster", std::move(output), {}, [] {
                     return Micros{1'700'000'000'000'000};
                   }});
}

std::map<std::string, std::string> headers_of(const model::OutRecord& record) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : record.headers)
    EXPECT_TRUE(headers.emplace(name, value).second) << name << " is there twice";
  return headers;
}

Emit emit(std::vector<Output> messages) { return Emit{std::move(messages)}; }

TEST(Compose, AnOutputKeepsIdentityAndKeyAndSaysWhereItComesFrom) {
  json::Document document;
  auto outputs = composer().outputs(ours(), emit({{R"({"text":"X"})", {}, {}}}), {12'000, 7'000, 2}, document);
  ASSERT_TRUE(outputs);
  ASSERT_EQ(outputs->size(), 1u);
  const auto& out = outputs->front();
  EXPECT_EQ(out.topic.get(), "out");
  EXPECT_EQ(out.key, "k");
  EXPECT_EQ(out.timestamp_ms, 1'700'000'000'000);
  EXPECT_NE(out.value.find(R"("results":{"g":{"text":"X"}})"), std::string::npos) << out.value;
  EXPECT_NE(out.value.find(R"("data":{"x": 1})"), std::string::npos) << out.value;
  auto headers = headers_of(out);
  EXPECT_EQ(headers["message_id"], id);
  EXPECT_EQ(headers["part"], "");
  EXPECT_EQ(headers["message_type"], "note");
  EXPECT_EQ(headers["content-type"], "application/json");
  EXPECT_EQ(trace_id_of(headers["traceparent"]), trace);
  EXPECT_NE(headers["traceparent"], make_traceparent(trace, "00000000000000aa")) << "a span of its own";
  EXPECT_EQ(headers["loom-hop"],
            R"({"group":"g","instance":"host-1","from":"in/3/42","waited_ms":12,"took_ms":7,"attempts":2})");
}

TEST(Compose, ASplitAppendsItsStepToThePart) {
  json::Document document;
  auto outputs = composer().outputs(ours(), emit({{"{}", R"({"a":1})", "0"}, {"{}", R"({"a":2})", "1"}}), {}, document);
  ASSERT_TRUE(outputs);
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ(headers_of((*outputs)[0])["part"], "0");
  EXPECT_TRUE(headers_of((*outputs)[0])["loom-hop"].ends_with(R"("attempts":1,"of":2})")) << headers_of((*outputs)[0])["loom-hop"];
  EXPECT_EQ(headers_of((*outputs)[1])["part"], "1");
  auto again = model::Record::of({"in", 0, 1, 0, {}, (*outputs)[1].value, (*outputs)[1].headers});
  outputs = composer().outputs(again, emit({{"{}", "{}", "3"}}), {}, document);
  EXPECT_EQ(headers_of(outputs->front())["part"], "1.3");
  EXPECT_FALSE(outputs->front().key) << "no key stays no key";
}

TEST(Compose, AForeignRecordGetsTheSameIdentityEachTime) {
  json::Document document;
  auto foreign = model::Record::of({"in", 1, 9, 5000, {}, R"({"a":1})", {}});
  auto first = composer().outputs(foreign, emit({{"{}", {}, {}}}), {}, document);
  auto second = composer().outputs(foreign, emit({{"{}", {}, {}}}), {}, document);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(canonical_uuid(headers_of(first->front())["message_id"]));
  EXPECT_EQ(headers_of(first->front())["message_id"], headers_of(second->front())["message_id"]);
  EXPECT_TRUE(trace_id_of(headers_of(first->front())["traceparent"]));
}

TEST(Compose, AForeignRecordWithCopiedHeadersIsStillReadForItsTimes) {
  json::Document document;
  auto headers = ours().headers();
  auto record = model::Record::of(
      {"in", 1, 9, 1'600'000'000'000, {}, R"({"timestamp":"2026-01-01T00:00:01.000000Z","a":1})", headers});
  auto outputs = composer().outputs(record, emit({{"{}", {}, {}}}), {}, document);
  ASSERT_TRUE(outputs);
  EXPECT_NE(outputs->front().value.find(R"("recorded_at":"2026-01-01T00:00:01.000000Z")"), std::string::npos)
      << outputs->front().value;
}

TEST(Compose, WithoutAnOutputTopicItIsAFault) {
  json::Document document;
  auto outputs = composer(std::nullopt).outputs(ours(), emit({{"{}", {}, {}}}), {}, document);
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().kind, ErrorKind::configuration);
}

TEST(Compose, ADropIsHeadersOnly) {
  auto out = composer().drop(ours(), "silence");
  EXPECT_EQ(out.topic.get(), "drops.g");
  EXPECT_EQ(out.key, "k");
  EXPECT_EQ(out.value, "");
  EXPECT_EQ(headers_of(out), (std::map<std::string, std::string>{{"message_id", std::string(id)},
                                                                 {"part", ""},
                                                                 {"message_type", "note"},
                                                                 {"loom-origin-topic", "in"},
                                                                 {"loom-origin-partition", "3"},
                                                                 {"loom-origin-offset", "42"},
                                                                 {"loom-group", "g"},
                                                                 {"loom-reason", "silence"}}));
}

TEST(Compose, ADeadLetterIsTheOriginUntouchedWithItsCause) {
  auto origin = model::Record::of(
      {"in",
       3,
       42,
       5000,
       "k",
       "no json\xff",
       {{"own", "1"}, {"loom-group", "older"}, {"loom-replay-count", "2"}, {"loom-replay-for", "g"}, {"loom-dead-letter", "dlq.g:0:1"}}});
  auto out = composer().dead_letter(origin, {ErrorKind::invalid_value, "latitude is 91", "data.latitude", "", "22003"},
                                    {5, 1'600'000'000'000'000, 0});
  EXPECT_EQ(out.topic.get(), "dlq.g");
  EXPECT_EQ(out.key, "k");
  EXPECT_EQ(out.value, "no json\xff");
  EXPECT_EQ(headers_of(out), (std::map<std::string, std::string>{{"own", "1"},
                                                                 {"loom-origin-topic", "in"},
                                                                 {"loom-origin-partition", "3"},
                                                                 {"loom-origin-offset", "42"},
                                                                 {"loom-group", "g"},
                                                                 {"loom-stage", "upper"},
                                                                 {"loom-error-kind", "invalid_value"},
                                                                 {"loom-error-code", "22003"},
                                                                 {"loom-error-message", "latitude is 91"},
                                                                 {"loom-error-field", "data.latitude"},
                                                                 {"loom-attempts", "5"},
                                                                 {"loom-first-time", "2020-09-13T12:26:40.000000Z"},
                                                                 {"loom-last-time", "2023-11-14T22:13:20.000000Z"},
                                                                 {"loom-replay-count", "2"},
                                                                 {"loom-origin-timestamp", "5000"}}));
}

TEST(Compose, MessagesAreBoundedAndValidUtf8) {
  struct Row {
    std::string text;
    std::size_t most;
    std::string bounded;
  };
  for (const auto& row : {Row{"abc", 10, "abc"}, Row{"abc", 2, "ab"}, Row{"aä", 2, "a"}, Row{"aä", 3, "aä"},
                          Row{"a\xff"
                              "b",
                              9, "a?b"},
                          Row{"\xe2\x82", 9, "??"}, Row{"€€", 5, "€"}, Row{"", 0, ""}}) {
    auto bounded = bounded_utf8(row.text, row.most);
    EXPECT_EQ(bounded, row.bounded);
    EXPECT_TRUE(is_utf8(bounded));
  }
  auto out = composer().dead_letter(ours(), {ErrorKind::internal, std::string(5000, 'x'), "", "", ""}, {});
  EXPECT_EQ(headers_of(out)["loom-error-message"].size(), 1024u);
}

}  // namespace
}  // namespace loom::runner
