#include "ingest/decode.h"

#include <gtest/gtest.h>

#include "ingest/address.h"
#include "ingest/test_catalogue.h"

namespace loom::ingest {
namespace {

struct Decoding : testing::Test {
  model::Catalogue catalogue = test_catalogue();
  Registry registry;
  TypeTable types{catalogue, registry};
  json::Document document;

  std::string kept;  // what an Accepted points into

  Checked<Accepted> read(std::string_view body) {
    kept = body;
    return decode(types, document, kept);
  }
};

std::string note(const std::string& members) {
  return R"({"message_type_id":"digital_note","device_id":"d","data":{})" + (members.empty() ? "" : "," + members) +
         "}";
}
std::string gps(const std::string& data) {
  return R"({"message_type_id":"gps_reading","device_id":"d","data":)" + data + "}";
}

TEST_F(Decoding, takes_what_clients_send) {
  auto accepted = read(
      R"( {"message_type_id":"screenshot","device_id":"phone-1","data": { "image_data":"aGk=", "width" : 3 },)"
      R"("metadata":{"a":1.50},"recorded_at":"2026-11-23T12:00:00.123456Z","message_id":"0198F0C2-0000-7000-8000-000000000001",)"
      R"("trace_id":"0af7651916cd43dd8448eb211c80319c","pipeline_hint":"ocr","extra":[1]} )");
  ASSERT_TRUE(accepted) << to_string(accepted.error().error);
  const auto& message = accepted->message;
  EXPECT_EQ(accepted->type->spec->topic.get(), "device.video.screen.raw");
  EXPECT_EQ(message.message_type, "screenshot");
  EXPECT_EQ(message.device_id, "phone-1");
  EXPECT_EQ(message.data, R"({ "image_data":"aGk=", "width" : 3 })");  // byte for byte
  EXPECT_EQ(message.metadata, R"({"a":1.50})");
  EXPECT_EQ(message.message_id, "0198f0c2-0000-7000-8000-000000000001");
  EXPECT_EQ(message.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(message.pipeline_hint, "ocr");
  EXPECT_EQ(message.recorded_at, 1795435200123456);
}

TEST_F(Decoding, fills_in_what_is_absent) {
  for (auto* members :
       {"", R"("metadata":null,"recorded_at":null,"message_id":null,"trace_id":null,"pipeline_hint":null)"}) {
    auto accepted = read(note(members));
    ASSERT_TRUE(accepted) << members;
    EXPECT_FALSE(accepted->recorded);
    EXPECT_EQ(accepted->message.metadata, "{}");
    EXPECT_EQ(accepted->message.message_id, "");
    EXPECT_EQ(accepted->message.pipeline_hint, "");
  }
  auto hinted = read(R"({"message_type":"screenshot","device_id":"d","data":{"image_data":"","width":1}})");
  ASSERT_TRUE(hinted) << to_string(hinted.error().error);
  EXPECT_EQ(hinted->message.pipeline_hint, "direct_storage");
}

TEST_F(Decoding, knows_the_other_names) {
  auto accepted = read(R"({"message_type":"digital_note","timestamp":1795435200,"device_id":"d","data":{}})");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->message.recorded_at, 1795435200000000);
  accepted = read(
      R"({"message_type":"nope","message_type_id":"digital_note","timestamp":1,"recorded_at":1795435200,"device_id":"d","data":{}})");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->message.recorded_at, 1795435200000000);
}

TEST_F(Decoding, reads_members_written_with_escapes) {
  auto accepted =
      read(R"({"message_type_id":"digital_note","device_id":"d","d\u0061ta":{"a":1},"met\u0061data":{"b":2}})");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->message.data, R"({"a":1})");
  EXPECT_EQ(accepted->message.metadata, R"({"b":2})");
}

TEST_F(Decoding, ignores_a_trace_id_that_is_none) {
  for (auto* trace : {"xyz", "", "00000000000000000000000000000000", "0af7651916cd43dd8448eb211c80319"}) {
    auto accepted = read(note(R"("trace_id":")" + std::string(trace) + "\""));
    ASSERT_TRUE(accepted) << trace;
    EXPECT_EQ(accepted->message.trace_id, "") << trace;
  }
}

struct Bad {
  std::string body;
  ErrorKind kind;
  std::string field;
};

class BadInput : public Decoding, public testing::WithParamInterface<Bad> {};

TEST_P(BadInput, is_refused_by_kind_and_field) {
  auto accepted = read(GetParam().body);
  ASSERT_FALSE(accepted) << GetParam().body.substr(0, 200);
  const auto& error = accepted.error().error;
  EXPECT_EQ(traits_of(error.kind).name, traits_of(GetParam().kind).name) << error.message;
  EXPECT_EQ(error.field, GetParam().field) << error.message;
  EXPECT_FALSE(error.message.empty());
}

constexpr auto malformed = ErrorKind::malformed;
constexpr auto missing = ErrorKind::missing_field;
constexpr auto invalid = ErrorKind::invalid_value;

INSTANTIATE_TEST_SUITE_P(
    Shape, BadInput,
    testing::Values(Bad{"", malformed, ""}, Bad{"{", malformed, ""}, Bad{"nonsense", malformed, ""},
                    Bad{"[]", malformed, ""}, Bad{"5", malformed, ""}, Bad{"null", malformed, ""},
                    Bad{note("") + "}", malformed, ""}, Bad{note("") + note(""), malformed, ""},
                    Bad{note(R"("x":nul)"), malformed, ""}, Bad{note(R"("x":"\u0000")"), malformed, ""},
                    Bad{note("\"x\":\"\xff\""), malformed, ""}, Bad{note(R"("x":"\ud800")"), malformed, ""},
                    Bad{note("\"x\":" + std::string(80, '[') + std::string(80, ']')), malformed, ""},
                    Bad{note(R"("data":{})"), malformed, "data"}));

INSTANTIATE_TEST_SUITE_P(
    Members, BadInput,
    testing::Values(
        Bad{R"({"device_id":"d","data":{}})", missing, "message_type_id"},
        Bad{R"({"message_type_id":null,"device_id":"d","data":{}})", missing, "message_type_id"},
        Bad{R"({"message_type_id":5,"device_id":"d","data":{}})", invalid, "message_type_id"},
        Bad{R"({"message_type_id":"digital_nose","device_id":"d","data":{}})", ErrorKind::not_found, "message_type_id"},
        Bad{R"({"message_type_id":"digital_note","data":{}})", missing, "device_id"},
        Bad{R"({"message_type_id":"digital_note","device_id":null,"data":{}})", missing, "device_id"},
        Bad{R"({"message_type_id":"digital_note","device_id":7,"data":{}})", invalid, "device_id"},
        Bad{R"({"message_type_id":"digital_note","device_id":"","data":{}})", invalid, "device_id"},
        Bad{R"({"message_type_id":"digital_note","device_id":")" + std::string(257, 'd') + R"(","data":{}})", invalid,
            "device_id"},
        Bad{R"({"message_type_id":"digital_note","device_id":"d"})", missing, "data"},
        Bad{R"({"message_type_id":"digital_note","device_id":"d","data":null})", missing, "data"},
        Bad{R"({"message_type_id":"digital_note","device_id":"d","data":[]})", invalid, "data"},
        Bad{R"({"message_type_id":"digital_note","device_id":"d","data":"x"})", invalid, "data"},
        Bad{note(R"("metadata":[])"), invalid, "metadata"}, Bad{note(R"("metadata":"x")"), invalid, "metadata"},
        Bad{note(R"("recorded_at":"yesterday")"), invalid, "recorded_at"},
        Bad{note(R"("recorded_at":true)"), invalid, "recorded_at"},
        Bad{note(R"("recorded_at":"2026-13-01T00:00:00Z")"), invalid, "recorded_at"},
        Bad{note(R"("timestamp":{})"), invalid, "recorded_at"},
        Bad{note(R"("message_id":"42")"), invalid, "message_id"},
        Bad{note(R"("message_id":42)"), invalid, "message_id"},
        Bad{note(R"("message_id":"0198f0c2-0000-7000-8000-00000000000g")"), invalid, "message_id"},
        Bad{note(R"("message_id":"0198f0c2000070008000000000000001")"), invalid, "message_id"},
        Bad{note(R"("trace_id":5)"), invalid, "trace_id"}, Bad{note(R"("pipeline_hint":5)"), invalid, "pipeline_hint"},
        Bad{note(R"("pipeline_hint":")" + std::string(257, 'h') + "\""), invalid, "pipeline_hint"}));

std::string picture(const std::string& data) {
  return R"({"message_type_id":"screenshot","device_id":"d","data":)" + data + "}";
}
std::string odd(const std::string& data) {
  return R"({"message_type_id":"every_kind","device_id":"d","data":)" + data + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BadInput,
    testing::Values(Bad{gps("{}"), missing, "data.latitude"}, Bad{gps(R"({"latitude":1})"), missing, "data.longitude"},
                    Bad{gps(R"({"latitude":"1","longitude":1})"), invalid, "data.latitude"},
                    Bad{gps(R"({"latitude":null,"longitude":1})"), invalid, "data.latitude"},
                    Bad{gps(R"({"latitude":91,"longitude":1})"), invalid, "data.latitude"},
                    Bad{gps(R"({"latitude":-90.001,"longitude":1})"), invalid, "data.latitude"},
                    Bad{gps(R"({"latitude":1,"longitude":180.5})"), invalid, "data.longitude"},
                    Bad{gps(R"({"latitude":true,"longitude":1})"), invalid, "data.latitude"},
                    Bad{picture(R"({"image_data":5,"width":1})"), invalid, "data.image_data"},
                    Bad{picture(R"({"image_data":"aGk","width":1})"), malformed, "data.image_data"},
                    Bad{picture(R"({"image_data":"a b=","width":1})"), malformed, "data.image_data"},
                    Bad{picture(R"({"image_data":"aGk=","width":1.5})"), invalid, "data.width"},
                    Bad{picture(R"({"image_data":"aGk=","width":"1"})"), invalid, "data.width"},
                    Bad{picture(R"({"image_data":"aGk=","width":true})"), invalid, "data.width"},
                    Bad{odd(R"({"text":1})"), invalid, "data.text"}, Bad{odd(R"({"flag":1})"), invalid, "data.flag"},
                    Bad{odd(R"({"list":{}})"), invalid, "data.list"},
                    Bad{odd(R"({"place":{"at":[]}})"), invalid, "data.place.at"},
                    Bad{odd(R"({"when":"soon"})"), invalid, "data.when"}));

TEST_F(Decoding, takes_fields_at_their_limits) {
  for (const auto& body :
       {gps(R"({"latitude":-90,"longitude":180})"), gps(R"({"latitude":90.0,"longitude":-180})"),
        picture(R"({"image_data":"","width":0})"),
        picture(R"({"image_data":"data:image/png;base64,aGk=","width":2.0})"), odd("{}"),
        odd(R"({"text":null,"flag":null})"),
        odd(R"({"text":"","flag":false,"list":[],"place":{"at":{}},"when":1795435200,"thing":[1]})")}) {
    auto accepted = read(body);
    EXPECT_TRUE(accepted) << body << " " << (accepted ? "" : to_string(accepted.error().error));
  }
}

TEST_F(Decoding, says_what_may_have_been_meant) {
  auto accepted = read(R"({"message_type_id":"screnshot","device_id":"d","data":{}})");
  ASSERT_FALSE(accepted);
  ASSERT_FALSE(accepted.error().details.members.empty());
  EXPECT_EQ(accepted.error().details.members[0].first, "near");
  EXPECT_EQ(accepted.error().details.members[0].second, R"(["screenshot"])");
}

TEST_F(Decoding, says_what_was_found_and_what_is_wanted) {
  auto accepted = read(gps(R"({"latitude":"1","longitude":1})"));
  ASSERT_FALSE(accepted);
  using Members = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(accepted.error().details.members, (Members{{"found", "\"string\""}, {"wanted", "\"number\""}}));
}

TEST_F(Decoding, addresses_by_the_type) {
  auto accepted = read(picture(R"({"image_data":"aGk=","width":1})"));
  ASSERT_TRUE(accepted);
  stamp(*accepted, 1795435200123456, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  auto record = address(*accepted);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->topic.get(), "device.video.screen.raw");
  EXPECT_EQ(record->key, accepted->message.message_id);
  EXPECT_EQ(record->timestamp_ms, 1795435200123);
  EXPECT_EQ(accepted->message.recorded_at, accepted->message.timestamp);
  ASSERT_EQ(record->headers.size(), 5u);
  EXPECT_EQ(record->headers[0], (std::pair<std::string, std::string>{"message_id", accepted->message.message_id}));
  EXPECT_EQ(record->headers[1].second, "screenshot");
  EXPECT_EQ(record->headers[2], (std::pair<std::string, std::string>{"part", ""}));
  EXPECT_TRUE(record->headers[3].second.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  EXPECT_EQ(record->headers[4].second, "application/json");
  EXPECT_NE(record->value.find(R"("data":{"image_data":"aGk=","width":1})"), std::string::npos);

  auto reading = read(gps(R"({"latitude":1,"longitude":1})"));
  stamp(*reading, 1, "nonsense");
  EXPECT_EQ(address(*reading)->key, "d");
  EXPECT_EQ(reading->message.trace_id.size(), 32u);
}

TEST_F(Decoding, prefers_the_bodys_trace) {
  auto accepted = read(note(R"("trace_id":"11111111111111111111111111111111")"));
  stamp(*accepted, 1, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(accepted->message.trace_id, "11111111111111111111111111111111");
}

TEST_F(Decoding, names_the_topics_limit) {
  auto accepted = read(note(R"("metadata":{"x":")" + std::string(1 << 20, 'x') + "\"}"));
  ASSERT_TRUE(accepted);
  stamp(*accepted, 1, "");
  auto record = address(*accepted);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().error.kind, ErrorKind::too_large);
  EXPECT_NE(record.error().error.remedy.find("topics.digital.notes.raw.max_message_bytes"), std::string::npos);
  EXPECT_EQ(record.error().details.members[0].second, "1048576");
}

}  // namespace
}  // namespace loom::ingest
