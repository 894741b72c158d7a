#include "engines/kinds.h"

#include <gtest/gtest.h>

#include "http/scripted_peer.h"

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

/// Of each kind whose work a server does.
TEST(EngineHealth, AServerIsAskedAndWhatItSaysIsTold) {
  for (const auto& kind : kinds()) {
    if (kind.is_here) continue;
    SCOPED_TRACE(kind.name);
    config::Faults faults;
    auto health = [&](const std::string& url) {
      auto entry = config::Node::parse("{use: x, url: '" + url + "'}", "loom.yaml", faults);
      return ask_health(kind, entry, config::Milliseconds(5000));
    };
    auto reply = [](const std::string& status, const std::string& body) {
      return std::vector{"HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
    };
    const std::string version = R"({"version":"0.6.4"})";
    http::Scripted well(reply("200 OK", version)), other(reply("404 Not Found", "no")), ill(reply("500 No", "{}")),
        closed(reply("401 No", "{}"));
    EXPECT_EQ(health(well.url()), version);
    EXPECT_TRUE(well.seen.at(0).starts_with("GET " + std::string(kind.health.path) + " "));
    EXPECT_EQ(health(other.url()), "");
    for (const auto& url : {ill.url(), closed.url(), std::string("http://127.0.0.1:1")}) {
      auto answer = health(url);
      ASSERT_FALSE(answer) << url;
      EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
    }
  }
}

TEST(EngineHealth, TheAddressIsTheEntrysOrTheEnginesOwn) {
  config::Faults faults;
  auto own = config::Node::parse("{use: ollama}", "loom.yaml", faults);
  EXPECT_EQ(address_of(*find_kind("ollama"), own), "http://127.0.0.1:11434");
  auto entry = config::Node::parse("{use: ollama, url: http://gpu:1}", "loom.yaml", faults);
  EXPECT_EQ(address_of(*find_kind("ollama"), entry), "http://gpu:1");
  EXPECT_EQ(address_of(*find_kind("tesseract"), own), "");
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
