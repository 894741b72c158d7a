#include "stages/transcribe/transcribe.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/wav.h"
#include "loom/json.h"

namespace loom::stages {
namespace {

class TranscribeTest : public testing::Test {
 protected:
  /// Each message's outcome; the engine says how long each sound was, "silent" ones say nothing.
  std::vector<Outcome> outcomes(const std::vector<std::string>& messages) {
    std::vector<json::Document> documents(messages.size());
    std::vector<Envelope> envelopes(messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      envelopes[i].value = *documents[i].parse(messages[i]);
      envelopes[i].json = messages[i];
      envelopes[i].recorded_at = 1767225600000000;
    }
    Transcriber engine = [this](std::span<const Sound> sounds) {
      ++calls_;
      std::vector<Result<Transcript>> all;
      for (const auto& sound : sounds) {
        auto seconds = static_cast<double>(sound.size()) / sound_rate;
        if (seconds > 2.5) {
          all.emplace_back(fail(ErrorKind::unavailable, "busy"));
          continue;
        }
        Transcript heard{.language = "en", .engine = "test", .engine_version = "1"};
        if (seconds > 0.7) heard.text = "hello", heard.words = {{"hello", 0.25, seconds / 2, 0.5}};
        all.emplace_back(heard);
      }
      return all;
    };
    return transcribe({{}, engine, [] { return Micros{0}; }}, envelopes);
  }
  static std::string message(double seconds, const std::string& more = "") {
    return R"({"data":{"chunk_data":")" + base64_encode(wav_of(Sound(static_cast<std::size_t>(seconds * 16000)), 16000)) + R"("})" + more + "}";
  }
  int calls_ = 0;
};

TEST_F(TranscribeTest, MessagesThatWaitTogetherAreHandedOverTogether) {
  auto all = outcomes({message(1), R"({"data":{"chunk_data":"!"}})", message(0.5), message(3), message(2)});
  EXPECT_EQ(calls_, 1);
  EXPECT_TRUE(std::holds_alternative<Emit>(all[0]));
  EXPECT_TRUE(std::holds_alternative<Reject>(all[1])) << "no base64";
  ASSERT_TRUE(std::holds_alternative<Drop>(all[2]));
  EXPECT_EQ(std::get<Drop>(all[2]).reason, "nothing_said");
  EXPECT_TRUE(std::holds_alternative<Retry>(all[3])) << "the engine was busy";
  EXPECT_TRUE(std::holds_alternative<Emit>(all[4]));
}

TEST_F(TranscribeTest, WordsHaveAbsoluteTimes) {
  auto all = outcomes({message(1), message(1, R"(,"results":{"vad":{"start":"2026-05-05T10:00:00Z","end":"x"},"other":{"a":1}})")});
  auto word = [&](std::size_t i, const char* name) {
    json::Document document;
    auto result = *document.parse(std::get<Emit>(all[i]).messages[0].result);
    return std::string(*result.at_path(std::string("words.0.") + name)->string());
  };
  EXPECT_EQ(word(0, "start"), "2026-01-01T00:00:00.250000Z") << "from when it was recorded";
  EXPECT_EQ(word(1, "start"), "2026-05-05T10:00:00.250000Z") << "from where the stage before found speech";
  EXPECT_EQ(word(1, "end"), "2026-05-05T10:00:00.500000Z");
}

}  // namespace
}  // namespace loom::stages
