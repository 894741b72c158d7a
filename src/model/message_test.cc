#include "model/message.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/ids.h"

namespace loom::model {
namespace {

constexpr const char* id = "0198f0c2-1111-7222-8333-444455556666";
constexpr Micros second = 1'000'000;

Record record_of(std::string value, Headers headers = {}) {
  Record::Parts parts;
  parts.topic = "some.topic";
  parts.partition = 3;
  parts.offset = 41;
  parts.timestamp_ms = 1'700'000'000'000;
  parts.value = std::move(value);
  parts.headers = std::move(headers);
  return Record::of(std::move(parts));
}

TEST(Record, OwnsItsPartsAndGivesTheLastHeader) {
  auto record = record_of("v", {{"a", "1"}, {"b", "2"}, {"a", "3"}});
  Record moved = std::move(record);
  EXPECT_EQ(moved.value(), "v");
  EXPECT_EQ(moved.topic(), "some.topic");
  EXPECT_EQ(moved.header("a"), "3");
  EXPECT_EQ(moved.header("c"), std::nullopt);
  EXPECT_EQ(moved.headers().size(), 3u);
  EXPECT_EQ(moved.key(), std::nullopt);
}

TEST(Message, EncodesAndDecodes) {
  EdgeMessage edge;
  edge.message_id = id;
  edge.trace_id = "0af7651916cd43dd8448eb211c80319c";
  edge.message_type = "twitter_screenshot";
  edge.device_id = "phone \"1\"\n\\ ü";
  edge.pipeline_hint = "ocr_extraction";
  edge.recorded_at = 1'700'000'000 * second + 123456;
  edge.timestamp = edge.recorded_at + second;
  edge.data = R"({ "text" : "a } b", "n" : 1.50, "u":"\u00e9" })";
  edge.metadata = R"({"v":1})";
  std::string value = "kept";
  encode(value, edge);
  ASSERT_TRUE(value.starts_with("kept{"));
  value.erase(0, 4);
  EXPECT_EQ(json::raw_member(value, "data"), edge.data);  // byte for byte

  json::Document document;
  auto record = record_of(value);
  auto message = decode(record, "cluster", document);
  ASSERT_TRUE(message) << message.error().message;
  EXPECT_EQ(message->identity, (Identity{id, ""}));
  EXPECT_EQ(message->message_type, edge.message_type);
  EXPECT_EQ(message->device_id, edge.device_id);
  EXPECT_EQ(message->trace_id, edge.trace_id);
  EXPECT_EQ(message->pipeline_hint, edge.pipeline_hint);
  EXPECT_EQ(message->recorded_at, edge.recorded_at);
  EXPECT_EQ(message->timestamp, edge.timestamp);
  EXPECT_EQ(message->json, value);
  EXPECT_EQ(message->value.at_path("data.n")->number(), 1.5);
}

TEST(Message, LeavesOutAnEmptyHint) {
  EdgeMessage edge;
  edge.message_id = id;
  edge.message_type = "m";
  std::string value;
  encode(value, edge);
  EXPECT_EQ(value, std::string(R"({"schema_version":"1.0","message_id":")") + id +
                       R"(","message_type":"m","device_id":"","recorded_at":")" + to_rfc3339(0) + R"(","timestamp":")" +
                       to_rfc3339(0) + R"(","trace_id":"","data":{},"metadata":{}})");
}

struct IdentityCase {
  const char* name;
  std::string value;
  Headers headers;
  std::string message_id, part;  // message_id "" = derived
};
class MessageIdentity : public testing::TestWithParam<IdentityCase> {};

TEST_P(MessageIdentity, HeaderThenValueThenDerived) {
  const auto& with = GetParam();
  auto record = record_of(with.value, with.headers);
  Identity expected{with.message_id.empty() ? derived_message_id("cluster", "some.topic", 3, 41) : with.message_id,
                    with.part};
  EXPECT_EQ(identity_of(record, "cluster"), expected);
  json::Document document;
  if (auto message = decode(record, "cluster", document)) {
    EXPECT_EQ(message->identity, expected);
  }
}

const std::string other = "11111111-2222-4333-8444-555555555555";
const IdentityCase identity_cases[] = {
    {"header_wins",
     R"({"message_id":"11111111-2222-4333-8444-555555555555","part":"9"})",
     {{"message_id", id}, {"part", ""}},
     id,
     ""},
    {"value", R"({"message_id":"11111111-2222-4333-8444-555555555555","part":"0.3"})", {}, other, "0.3"},
    {"upper_case",
     R"({"message_id":"11111111-2222-4333-8444-55555555555A"})",
     {},
     "11111111-2222-4333-8444-55555555555a",
     ""},
    {"header_id_value_part", R"({"part":"1"})", {{"message_id", id}}, id, "1"},
    {"bad_header",
     R"({"message_id":"11111111-2222-4333-8444-555555555555"})",
     {{"message_id", "7"}, {"part", ""}},
     other,
     ""},
    {"no_uuid", R"({"message_id":"order-17"})", {}, "", ""},
    {"nothing", R"({"a":1})", {}, "", ""},
    {"malformed", "{", {}, "", ""},
    {"malformed_with_header", "{", {{"message_id", id}}, id, ""},
    {"tombstone", "", {{"message_id", id}, {"part", "2"}}, id, "2"},
};
INSTANTIATE_TEST_SUITE_P(All, MessageIdentity, testing::ValuesIn(identity_cases),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(Message, DecodesForeignRecords) {
  json::Document document;
  auto record = record_of(R"({"message_type_id":"m","device_id":17,"timestamp":1600000000.5,"x":[1]})",
                          {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  auto message = decode(record, "cluster", document);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_type, "m");
  EXPECT_EQ(message->device_id, "17");
  EXPECT_EQ(message->timestamp, 1'600'000'000 * second + second / 2);
  EXPECT_EQ(message->recorded_at, message->timestamp);
  EXPECT_EQ(message->trace_id, "0af7651916cd43dd8448eb211c80319c");

  json::Document second_document;
  auto bare = record_of("{}", {{"message_type", "by_header"}});
  auto least = decode(bare, "cluster", second_document);
  ASSERT_TRUE(least);
  EXPECT_EQ(least->timestamp, 1'700'000'000 * second);
  EXPECT_EQ(least->message_type, "by_header");
}

TEST(Message, AReplayedForeignRecordKeepsTheTimeItCame) {
  json::Document document;
  auto envelope = decode(record_of(R"({"x":1})", {{"loom-origin-timestamp", "1600000000123"}}), "c", document);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->timestamp, 1600000000123000);
  EXPECT_EQ(envelope->recorded_at, 1600000000123000);
  auto odd = decode(record_of(R"({"x":1})", {{"loom-origin-timestamp", "now"}}), "c", document);
  EXPECT_EQ(odd->timestamp, record_of("{}", {}).timestamp_ms() * 1000);
}

TEST(Message, RefusesWhatIsNoObject) {
  for (const auto* value : {"", "[]", "7", "{", "{\"a\":\"\\u0000\"}", "\xff"}) {
    json::Document document;
    auto record = record_of(value);
    auto message = decode(record, "cluster", document);
    ASSERT_FALSE(message) << value;
    EXPECT_EQ(message.error().kind, ErrorKind::malformed) << value;
  }
}

// ── with_results ──

const std::string head = std::string(R"({"message_id":")") + id +
                         R"(","recorded_at":"2026-11-23T12:00:00Z","timestamp":"2026-11-23T12:00:01Z")";

std::string splice(const std::string& value, const Output& output, const std::vector<std::string>& drop = {}) {
  json::Document document;
  auto record = record_of(value);
  auto message = decode(record, "cluster", document);
  EXPECT_TRUE(message) << value;
  if (!message) return {};
  auto spliced = with_results(*message, "g-1", output, drop);
  json::Document again;
  EXPECT_TRUE(again.parse(spliced)) << spliced;
  return spliced;
}

struct SpliceCase {
  const char* name;
  std::string rest;  // after `head`
  Output output;
  std::vector<std::string> drop;
  std::string expected;
};
class MessageSplice : public testing::TestWithParam<SpliceCase> {};

TEST_P(MessageSplice, KeepsEverythingElse) {
  const auto& with = GetParam();
  EXPECT_EQ(splice(head + with.rest, with.output, with.drop), head + with.expected);
}

const Output plain{R"({"t":1})", std::nullopt, ""};
const SpliceCase splice_cases[] = {
    {"none_yet", R"(,"data":{"a":1}})", plain, {}, R"(,"data":{"a":1},"results":{"g-1":{"t":1}}})"},
    {"empty", R"(,"results":{ },"data":{}})", plain, {}, R"(,"results":{"g-1":{"t":1}},"data":{}})"},
    {"null", R"(,"results":null})", plain, {}, R"(,"results":{"g-1":{"t":1}}})"},
    {"others",
     R"(,"results":{"h":{"results":{"x":"}"}}}})",
     plain,
     {},
     R"(,"results":{"h":{"results":{"x":"}"}},"g-1":{"t":1}}})"},
    {"again", R"(,"results":{"g-1":{"t":0},"h":{}}})", plain, {}, R"(,"results":{"h":{},"g-1":{"t":1}}})"},
    {"foreign_results", R"(,"results":[1,2]})", plain, {}, R"(,"results":{"original":[1,2],"g-1":{"t":1}}})"},
    {"escaped_key", R"(,"\u0072esults":{"\u0067-1":1,"k":2}})", plain, {}, R"(,"results":{"k":2,"g-1":{"t":1}}})"},
    {"nested_results",
     R"(,"data":{"results":{"a":1}}})",
     plain,
     {},
     R"(,"data":{"results":{"a":1}},"results":{"g-1":{"t":1}}})"},
    {"braces_in_strings",
     R"(,"data":{"a":"}{\"}]\\","b":"\\\""},"z":1})",
     plain,
     {},
     R"(,"data":{"a":"}{\"}]\\","b":"\\\""},"z":1,"results":{"g-1":{"t":1}}})"},
    {"spaces_in_data",
     ",\"data\":{ \"a\" :\n [ 1 , 2.50 ] }}",
     plain,
     {},
     ",\"data\":{ \"a\" :\n [ 1 , 2.50 ] },\"results\":{\"g-1\":{\"t\":1}}}"},
    {"spaces_around",
     " ,\n \"data\" : {} , \"results\" : { \"h\" : 1 } } ",
     plain,
     {},
     R"(,"data":{},"results":{"h":1,"g-1":{"t":1}}})"},
    {"step", "}", {R"({})", std::nullopt, "0"}, {}, R"(,"part":"0","results":{"g-1":{}}})"},
    {"step_again",
     R"(,"part":"0","data":{}})",
     {R"({})", std::nullopt, "3"},
     {},
     R"(,"data":{},"part":"0.3","results":{"g-1":{}}})"},
    {"part_kept", R"(,"part":"0"})", plain, {}, R"(,"part":"0","results":{"g-1":{"t":1}}})"},
    {"new_data",
     R"(,"data":{"old":1},"z":1})",
     {R"({})", R"({"new":2})", ""},
     {},
     R"(,"data":{"new":2},"z":1,"results":{"g-1":{}}})"},
    {"new_data_where_none_was", "}", {R"({})", R"({"new":2})", ""}, {}, R"(,"data":{"new":2},"results":{"g-1":{}}})"},
    {"drop",
     R"(,"data":{"image_data":"AAAA","w":1,"s":"x"}})",
     plain,
     {"data.image_data"},
     R"(,"data":{"w":1,"s":"x"},"results":{"g-1":{"t":1}}})"},
    {"drop_first_and_last",
     R"(,"data":{"a":1,"b":2,"c":3}})",
     plain,
     {"data.a", "data.c"},
     R"(,"data":{"b":2},"results":{"g-1":{"t":1}}})"},
    {"drop_all_inside", R"(,"data":{"a":1}})", plain, {"data.a"}, R"(,"data":{},"results":{"g-1":{"t":1}}})"},
    {"drop_deep",
     R"(,"data":{"a":{"b":{"c":1,"d":2}},"b":3}})",
     plain,
     {"data.a.b.c"},
     R"(,"data":{"a":{"b":{"d":2}},"b":3},"results":{"g-1":{"t":1}}})"},
    {"drop_escaped",
     R"(,"data":{"im\u0061ge":1,"w":2}})",
     plain,
     {"data.image"},
     R"(,"data":{"w":2},"results":{"g-1":{"t":1}}})"},
    {"drop_absent",
     R"(,"data":{"w":2}})",
     plain,
     {"data.image", "data.w.x", "metadata.a"},
     R"(,"data":{"w":2},"results":{"g-1":{"t":1}}})"},
    {"drop_whole",
     R"(,"metadata":{"w":2},"data":{}})",
     plain,
     {"metadata"},
     R"(,"data":{},"results":{"g-1":{"t":1}}})"},
    {"drop_of_results",
     R"(,"results":{"h":{"words":[1],"text":"x"}}})",
     plain,
     {"results.h.words"},
     R"(,"results":{"h":{"text":"x"},"g-1":{"t":1}}})"},
    {"no_result", R"(,"data":{}})", {}, {}, R"(,"data":{},"results":{"g-1":{}}})"},
};
INSTANTIATE_TEST_SUITE_P(All, MessageSplice, testing::ValuesIn(splice_cases),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(Message, AForeignRecordKeepsIdentityAndTimesOnItsWay) {
  auto spliced = splice(R"({"temp":3})", plain);
  EXPECT_EQ(
      spliced,
      R"({"temp":3,"message_id":")" + derived_message_id("cluster", "some.topic", 3, 41) +
          R"(","recorded_at":"2023-11-14T22:13:20.000000Z","timestamp":"2023-11-14T22:13:20.000000Z","results":{"g-1":{"t":1}}})");
  EXPECT_EQ(splice("{}", plain).front(), '{');
}

TEST(Message, FingerprintTellsContent) {
  auto of = [](const char* data) { return fingerprint(head + ",\"data\":" + data + "}"); };
  EXPECT_EQ(of("{\"a\":1}").size(), 32u);
  EXPECT_EQ(of("{\"a\":1}"), of("{\"a\":1}"));
  EXPECT_NE(of("{\"a\":1}"), of("{\"a\":2}"));
  EXPECT_EQ(of("{}"), fingerprint(R"({"data":{},"results":{"g":1}})"));
}

TEST(Message, FingerprintOfAForeignRecordIsTheSameOnItsWay) {
  std::string before = R"({"temp":3,"unit":"C"})";
  EXPECT_EQ(fingerprint(before), fingerprint(splice(before, plain)));
  EXPECT_NE(fingerprint(before), fingerprint(R"({"temp":4,"unit":"C"})"));
}

}  // namespace
}  // namespace loom::model
