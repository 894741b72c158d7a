#include "stages/ocr/ocr.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "loom/json.h"
#include "base/picture_bytes.h"

namespace loom::stages {
namespace {

/// An Envelope with the document it points into.
struct Message {
  explicit Message(const std::string& data) {
    auto root = document.parse(R"({"data":)" + data + "}");
    EXPECT_TRUE(root);
    envelope.json = document.text();
    envelope.value = *root;
  }
  json::Document document;
  Envelope envelope;
};

std::string data_of(const std::string& bytes, const std::string& rest = {}) {
  return R"({"image_data":")" + base64_encode(bytes) + "\"" + rest + "}";
}

TextReader reads(ReadText text) {
  return [text](const Picture&) -> Result<ReadText> { return text; };
}

ReadText two_lines() {
  return {.text = "tide pools\nboots",
          .words = {{"tide", {1, 2, 30, 12}, 0.9, 0},
                    {"pools", {35, 2, 40, 12}, 0.4, 0},
                    {"boots", {1, 20, 41, 12}, 0.95, 1}},
          .confidence = 0.75,
          .engine = "pen",
          .engine_version = "1.2",
          .settings = "blue"};
}

Outcome run(const std::string& data, TextReader reader, OcrOptions options = {}) {
  Message message(data);
  return read_text({options, std::move(reader), [now = Micros{0}]() mutable { return now += 2500; }}, message.envelope);
}

TEST(Ocr, AddsWhatTheEngineRead) {
  auto outcome = run(data_of(png_bytes(600, 390)), reads(two_lines()));
  ASSERT_TRUE(std::holds_alternative<Emit>(outcome));
  const auto& emit = std::get<Emit>(outcome);
  ASSERT_EQ(emit.messages.size(), 1U);
  EXPECT_FALSE(emit.messages[0].data);
  EXPECT_EQ(emit.messages[0].part_step, "");
  EXPECT_EQ(
      emit.messages[0].result,
      R"({"text":"tide pools\nboots","words":[{"text":"tide","box":[1,2,30,12],"confidence":0.9},)"
      R"({"text":"pools","box":[35,2,40,12],"confidence":0.4},{"text":"boots","box":[1,20,41,12],"confidence":0.95}],)"
      R"("confidence":0.75,"engine":"pen","engine_version":"1.2","settings":"blue","took_ms":2.5,"width":600,"height":390})");
}

TEST(Ocr, TellsWhatWasFoundAndThatATextIsCutShort) {
  ReadText read{.text = "so far", .cut_short = true, .objects = {{{"cat", {1, 2, 3, 4}}}}};
  auto outcome = run(data_of(png_bytes(600, 390)), reads(read));
  auto result = std::get<Emit>(outcome).messages.at(0).result;
  EXPECT_NE(result.find(R"("objects":[{"label":"cat","box":[1,2,3,4]}],"cut_short":true})"), std::string::npos) << result;
}

TEST(Ocr, LeavesOutUnsureWordsOnRequest) {
  auto outcome = run(data_of(png_bytes(600, 390)), reads(two_lines()), {.min_confidence = 0.5});
  json::Document document;
  auto result = document.parse(std::get<Emit>(outcome).messages[0].result);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->at_path("text")->string(), "tide\nboots");
  EXPECT_EQ(result->at_path("words")->size(), 2U);
  EXPECT_NEAR(*result->at_path("confidence")->number(), (0.9 * 4 + 0.95 * 5) / 9, 0.001);
}

TEST(Ocr, KeepsTheTextOfAnEngineWithoutWords) {
  auto outcome =
      run(data_of(png_bytes(600, 390)), reads({.text = "all of it", .engine = "seer"}), {.min_confidence = 0.5});
  json::Document document;
  auto result = document.parse(std::get<Emit>(outcome).messages[0].result);
  EXPECT_EQ(result->at_path("text")->string(), "all of it");
  EXPECT_TRUE(result->at_path("confidence")->is_null());
}

TEST(Ocr, HandsTheEngineThePictureItself) {
  auto bytes = jpeg_bytes(640, 480);
  Picture seen;
  auto reader = [&seen](const Picture& picture) -> Result<ReadText> {
    seen = picture;
    return ReadText{};
  };
  for (const auto* prefix : {"", "data:image/jpeg;base64,"}) {
    run(R"({"image_data":")" + (prefix + base64_encode(bytes)) + R"(","width":640,"height":480})", reader);
    EXPECT_EQ(seen.bytes, bytes);
    EXPECT_EQ(seen.format, PictureFormat::jpeg);
    EXPECT_EQ(seen.width, 640);
    EXPECT_EQ(seen.height, 480);
    seen = {};
  }
}

TEST(Ocr, AnEnginesErrorDecidesBetweenRetryAndReject) {
  auto fails = [](ErrorKind kind) { return [kind](const Picture&) -> Result<ReadText> { return fail(kind, "no"); }; };
  EXPECT_TRUE(std::holds_alternative<Retry>(run(data_of(png_bytes(6, 3)), fails(ErrorKind::unavailable))));
  EXPECT_TRUE(std::holds_alternative<Retry>(run(data_of(png_bytes(6, 3)), fails(ErrorKind::timeout))));
  EXPECT_TRUE(std::holds_alternative<Reject>(run(data_of(png_bytes(6, 3)), fails(ErrorKind::malformed))));
}

TEST(Ocr, RejectsPicturesThatCannotBe) {
  struct Case {
    std::string name, data;
    ErrorKind kind;
    std::string field, says;
  };
  auto png = png_bytes(600, 390);
  const Case cases[] = {
      {"none", "{}", ErrorKind::missing_field, "data.image_data", "data.image_data"},
      {"a number", R"({"image_data":7})", ErrorKind::invalid_value, "data.image_data", "integer"},
      {"no base64", R"({"image_data":"n$t"})", ErrorKind::malformed, "data.image_data", "base64"},
      {"empty", R"({"image_data":""})", ErrorKind::malformed, "data.image_data", "no picture"},
      {"text", data_of("not a picture"), ErrorKind::malformed, "data.image_data", "no picture"},
      {"cut short", data_of(png.substr(0, 40)), ErrorKind::malformed, "data.image_data", "ends early"},
      {"more pixels than allowed", data_of(png_bytes(10'000, 5'001)), ErrorKind::too_large, "data.image_data",
       "10000x5001"},
      {"sides whose product overflows", data_of(png_bytes(0x7fffffff, 0x7fffffff)), ErrorKind::too_large,
       "data.image_data", "2147483647"},
      {"another width", data_of(png, R"(,"width":601,"height":390)"), ErrorKind::invalid_value, "data.width",
       "601, the picture is 600x390"},
      {"another height", data_of(png, R"(,"width":600,"height":39)"), ErrorKind::invalid_value, "data.height",
       "39, the picture is 600x390"},
      {"a width in words", data_of(png, R"(,"width":"600")"), ErrorKind::invalid_value, "data.width",
       "no whole number"},
      {"an absurd width", data_of(png, R"(,"width":-9223372036854775808)"), ErrorKind::invalid_value, "data.width",
       "600x390"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    auto outcome = run(one.data, [](const Picture&) -> Result<ReadText> {
      ADD_FAILURE() << "the engine was called";
      return ReadText{};
    });
    ASSERT_TRUE(std::holds_alternative<Reject>(outcome));
    const auto& error = std::get<Reject>(outcome).error;
    EXPECT_EQ(error.kind, one.kind);
    EXPECT_EQ(error.field, one.field);
    EXPECT_NE(error.message.find(one.says), std::string::npos) << error.message;
    EXPECT_FALSE(error.remedy.empty());
  }
}

TEST(Ocr, TheLimitOnPixelsIsAnOption) {
  EXPECT_TRUE(std::holds_alternative<Emit>(run(data_of(png_bytes(10, 10)), reads({}), {.max_pixels = 100})));
  EXPECT_TRUE(std::holds_alternative<Reject>(run(data_of(png_bytes(10, 10)), reads({}), {.max_pixels = 99})));
}

TEST(Ocr, AClockThatGoesBackTakesNoTime) {
  Message message(data_of(png_bytes(6, 3)));
  auto outcome = read_text({{}, reads({}), [now = Micros{9000}]() mutable { return now -= 1000; }}, message.envelope);
  EXPECT_NE(std::get<Emit>(outcome).messages[0].result.find(R"("took_ms":0,)"), std::string::npos);
}

}  // namespace
}  // namespace loom::stages
