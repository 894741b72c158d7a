#include "base/log.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "loom/json.h"

namespace loom {
namespace {

std::string captured(const std::function<void()>& run) {
  testing::internal::CaptureStderr();
  run();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, OneJsonObjectALine) {
  auto text = captured([] {
    auto log = Log::to_stderr("run \"x\"", LogLevel::debug);
    log.info("partition\nassigned", {{"topic", "device.audio.raw"},
                                     {"partition", 3},
                                     {"rate", 0.5},
                                     {"ok", true},
                                     {"peer said", std::string("\xff bad")},
                                     {"size", std::size_t{9}}});
  });
  ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  json::Document document;
  auto line = document.parse(text);
  ASSERT_TRUE(line) << text;
  EXPECT_TRUE(parse_time(*line->get("time")->string()));
  EXPECT_EQ(line->get("level")->string(), "info");
  EXPECT_EQ(line->get("part")->string(), "run \"x\"");
  EXPECT_EQ(line->get("message")->string(), "partition\nassigned");
  EXPECT_EQ(line->get("topic")->string(), "device.audio.raw");
  EXPECT_EQ(line->get("partition")->integer(), 3);
  EXPECT_EQ(line->get("rate")->number(), 0.5);
  EXPECT_EQ(line->get("ok")->boolean(), true);
  EXPECT_EQ(line->get("peer said")->string(), "? bad");
  EXPECT_EQ(line->get("size")->integer(), 9);
}

TEST(Log, LevelsBelowAreLeftOut) {
  auto text = captured([] {
    auto log = Log::to_stderr("api", LogLevel::warn);
    log.debug("one");
    log.info("two");
    log.warn("three");
    log.error("four");
  });
  EXPECT_EQ(text.find("one"), std::string::npos);
  EXPECT_EQ(text.find("two"), std::string::npos);
  EXPECT_NE(text.find("three"), std::string::npos);
  EXPECT_NE(text.find("four"), std::string::npos);
}

TEST(Log, SilentAndCopies) {
  EXPECT_EQ(captured([] { Log::silent().error("lost", {{"a", 1}}); }), "");
  EXPECT_NE(captured([] {
              Log copy = Log::silent();
              copy = Log::to_stderr("api", LogLevel::info);
              copy.info("here");
            }).find("here"),
            std::string::npos);
}

}  // namespace
}  // namespace loom
