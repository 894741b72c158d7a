#include "app/stage_maker.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/picture_bytes.h"

namespace loom::app {
namespace {

Result<stages::MadeStage> made(const std::string& entry, config::Faults& faults) {
  auto root = config::Node::parse("stages:\n  g:\n" + entry, "loom.yaml", faults);
  EXPECT_EQ(faults.text(), "");
  model::StageSpec stage;
  stage.node = root["stages"]["g"];
  stage.use = stage.node["use"].scalar();
  stage.engine = stage.node["engine"];
  return stage_maker({}, stage, faults);
}

TEST(StageMaker, AHintsOptionsAreLaidOverTheStages) {
  config::Faults faults;
  auto stage = made("    use: ocr\n    max_pixels: 100\n    engine: {use: openai_chat, url: 'http://127.0.0.1:1'}\n"
                    "    hints:\n      small: {max_pixels: 10}\n      other: {engine: {use: ollama}}\n",
                    faults);
  ASSERT_TRUE(stage) << faults.text();
  auto handler = stage->make_handler();
  ASSERT_TRUE(handler);
  json::Document document;
  Envelope message;
  message.value = *document.parse(R"({"data":{"image_data":")" + base64_encode(png_bytes(5, 5)) + R"("}})");
  auto outcome_for = [&](const std::string& hint) {
    message.pipeline_hint = hint;
    return (*handler)(std::span(&message, 1)).at(0);
  };
  auto retried = outcome_for("");
  ASSERT_TRUE(std::holds_alternative<Retry>(retried)) << "the server is down";
  EXPECT_NE(std::get<Retry>(retried).error.message.find("127.0.0.1:1"), std::string::npos);
  auto rejected = outcome_for("small");
  ASSERT_TRUE(std::holds_alternative<Reject>(rejected)) << "25 pixels are more than 10";
  EXPECT_EQ(std::get<Reject>(rejected).error.kind, ErrorKind::too_large);
}

TEST(StageMaker, FaultsOfHintsHavePlaceAndRemedy) {
  struct Case {
    std::string yaml, says;
  };
  const std::string ocr = "    use: ocr\n    engine: {use: tesseract}\n    hints:\n      h: ";
  const Case cases[] = {
      {ocr + "{max_pixel: 3}\n", "loom.yaml:6: stages.g.hints.h: unknown option 'max_pixel'; did you mean 'max_pixels'?"},
      {ocr + "{max_pixels: none}\n", "loom.yaml:6: stages.g.hints.h.max_pixels 'none'"},
      {ocr + "{input: x}\n", "loom.yaml:6: stages.g.hints.h: unknown option 'input'; known are"},
      {ocr + "{engine: {langauge: deu}}\n", "loom.yaml:6: stages.g.hints.h.engine: unknown option 'langauge'; did you mean 'language'?"},
      {ocr + "{engine: {use: teseract}}\n", "loom.yaml:6: stages.g.hints.h.engine.use: unknown engine 'teseract'; did you mean"},
      {ocr + "{engine: {use: moondream}}\n", "loom.yaml:6: stages.g.hints.h.engine: has no url"},
      {ocr + "7\n", "loom.yaml:6: stages.g.hints.h is no map of options"},
      {"    use: ocr\n    engine: {use: tesseract}\n    hints: [h]\n", "loom.yaml:5: stages.g.hints is no map of hints"},
      {"    use: vad\n    engine: {use: silero}\n    hints: {h: {}}\n", "a stage that joins messages has no options per hint"},
      {"    use: sentiment\n    hints: {h: {engine: {use: x}}}\n", "loom.yaml:4: stages.g.hints.h: unknown option 'engine'"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.yaml);
    config::Faults faults;
    EXPECT_FALSE(made(one.yaml, faults));
    EXPECT_EQ(faults.all().size(), 1U) << faults.text();
    EXPECT_NE(faults.text().find(one.says), std::string::npos) << faults.text();
  }
}

/// 30 s of sound are 1280084 bytes of base64; what is longer than the topic takes would hold its partition.
TEST(StageMaker, WarnsWhereTheOutputIsTooSmallForAnUtterance) {
  for (const auto& [limit, seconds, is_enough] :
       {std::tuple{"1MiB", 30, false}, {"1MiB", 20, true}, {"1340KiB", 30, true}, {"1280KiB", 30, false}}) {
    SCOPED_TRACE(std::string(limit) + " for " + std::to_string(seconds));
    config::Faults faults;
    auto catalogue = model::read_catalogue(
        config::Node::parse("topics:\n  in: {max_message_bytes: 512KiB}\n  out: {max_message_bytes: " + std::string(limit) +
                                "}\nstages:\n  g: {use: vad, input: in, output: out, engine: {use: silero}, max_utterance_s: " +
                                std::to_string(seconds) + "}\n",
                            "loom.yaml", faults),
        {}, {"vad"}, faults);
    (void)stage_maker(catalogue, catalogue.stages.begin()->second, faults);
    EXPECT_FALSE(faults.any_fault()) << faults.text();
    EXPECT_EQ(faults.text().find("warning  loom.yaml:3: topic 'out' allows") == std::string::npos, is_enough) << faults.text();
  }
}

}  // namespace
}  // namespace loom::app
