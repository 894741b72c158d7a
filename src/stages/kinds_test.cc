#include "stages/kinds.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "loom/json.h"
#include "base/picture_bytes.h"

namespace loom::stages {
namespace {

const MakeTextReader makes_empty_reader = [] {
  return Result<TextReader>([](const Picture&) -> Result<ReadText> { return ReadText{.engine = "none"}; });
};

StageEntry entry_of(const std::string& yaml, config::Faults& faults) {
  return {config::Node::parse(yaml, "loom.yaml", faults), {"use", "input", "engine"}, makes_empty_reader, [] {
            return Micros{0};
          }};
}

TEST(StageKinds, EachIsNamedOnceAndDocumented) {
  for (const auto& kind : kinds()) {
    EXPECT_EQ(find_kind(kind.name), &kind);
    EXPECT_FALSE(kind.help.empty());
    for (const auto& option : kind.options()) EXPECT_FALSE(option.help.empty()) << kind.name << " " << option.name;
  }
  EXPECT_EQ(find_kind("orc"), nullptr);
}

TEST(StageKinds, OcrMakesAHandlerThatAnswersEachMessage) {
  config::Faults faults;
  auto make =
      find_kind("ocr")->make(entry_of("{use: ocr, input: a, engine: {use: x}, max_pixels: 10}", faults), faults);
  ASSERT_TRUE(make) << faults.text();
  auto handler = make->make_handler();
  ASSERT_TRUE(handler);
  json::Document documents[2];
  std::vector<Envelope> messages(2);
  for (int n : {0, 1})
    messages[n].value =
        *documents[n].parse(R"({"data":{"image_data":")" + base64_encode(png_bytes(n == 0 ? 10 : 11, 1)) + R"("}})");
  auto outcomes = (*handler)(messages);
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Emit>(outcomes[0]));
  EXPECT_TRUE(std::holds_alternative<Reject>(outcomes[1])) << "max_pixels was not read";
}

TEST(StageKinds, AnEngineThatCannotBeOpenedIsTheHandlersError) {
  config::Faults faults;
  auto entry = entry_of("{use: ocr}", faults);
  entry.engine = MakeTextReader([]() -> Result<TextReader> { return fail(ErrorKind::configuration, "no model"); });
  auto make = find_kind("ocr")->make(entry, faults);
  ASSERT_TRUE(make);
  auto handler = make->make_handler();
  ASSERT_FALSE(handler);
  EXPECT_EQ(handler.error().message, "no model");
}

TEST(StageKinds, AProgramHasToBeThere) {
  config::Faults faults;
  auto missing = find_kind("program")->make(entry_of("{use: program, program: no/such}", faults), faults);
  ASSERT_FALSE(missing);
  EXPECT_NE(faults.text().find("there is no program no/such"), std::string::npos) << faults.text();
  config::Faults none;
  auto shell = find_kind("program")->make(entry_of("{use: program, program: /bin/sh, options: {a: b}}", none), none);
  ASSERT_TRUE(shell) << none.text();
  EXPECT_EQ(shell->program, "/bin/sh");
}

TEST(StageKinds, FaultsHavePlaceAndRemedy) {
  for (const auto* yaml : {"{use: ocr, max_pixel: 5}", "{use: ocr, max_pixels: 0}", "{use: ocr, min_confidence: 2}"}) {
    config::Faults faults;
    auto make = find_kind("ocr")->make(entry_of(yaml, faults), faults);
    EXPECT_FALSE(make) << yaml;
    ASSERT_EQ(faults.all().size(), 1U) << yaml;
    EXPECT_EQ(faults.all()[0].place.line, 1);
  }
}

}  // namespace
}  // namespace loom::stages
