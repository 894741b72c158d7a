#include "engines/kinds.h"

#include <gtest/gtest.h>

namespace loom::engines {
namespace {

TEST(EngineKinds, EachIsDocumented) {
  for (const auto& kind : kinds()) {
    EXPECT_FALSE(kind.help.empty());
    for (const auto& option : kind.options()) EXPECT_FALSE(option.help.empty()) << kind.name << " " << option.name;
  }
}

TEST(EngineKinds, MakesAReader) {
  config::Faults faults;
  auto make = make_engine(
      config::Node::parse("{use: tesseract, language: eng, page_segmentation: 11, name: sparse}", "loom.yaml", faults),
      EngineWork::reads_pictures, faults);
  ASSERT_TRUE(make) << faults.text();
  EXPECT_TRUE(std::get<MakeTextReader>(*make)());
}

TEST(EngineKinds, FaultsHavePlaceAndRemedy) {
  struct Case {
    std::string yaml, says;
  };
  const Case cases[] = {
      {"{use: teseract}", "did you mean 'tesseract'"},
      {"{use: abacus}", "one of: paddle, moondream, openai_chat, ollama, tesseract"},
      {"{language: eng}", "one of: paddle, moondream, openai_chat, ollama, tesseract"},
      {"{use: whisper}", "does other work"},
      {"{use: tesseract, langauge: eng}", "language"},
      {"{use: tesseract, language: ../eng}", "language codes"},
      {"{use: tesseract, page_segmentation: 0}", "3 to 11"},
      {"{use: tesseract, page_segmentation: three}", "page_segmentation"},
      {"{use: tesseract, text_height: 2}", "at least 10"},
      {"{use: moondream}", "has no url"},
      {"{use: openai_chat, url: localhost}", "is no address"},
      {"{use: moondream, url: http://x, skill: guess}", "query, caption, detect"},
      {"{use: moondream, url: http://x, propmt: Why}", "did you mean 'prompt'"},
      {"{use: ollama, model: ''}", "names no model"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.yaml);
    config::Faults faults;
    EXPECT_FALSE(make_engine(config::Node::parse(one.yaml, "loom.yaml", faults), EngineWork::reads_pictures, faults));
    ASSERT_EQ(faults.all().size(), 1U);
    EXPECT_EQ(faults.all()[0].place.line, 1);
    EXPECT_NE(faults.text().find(one.says), std::string::npos) << faults.text();
  }
}

}  // namespace
}  // namespace loom::engines
