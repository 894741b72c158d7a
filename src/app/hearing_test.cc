// What the stages that hear do with the models they have: bars on real recordings, at the rates that devices send.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engines/silero.h"
#include "engines/test_recordings.h"
#include "engines/whisper.h"
#include "loom/json.h"
#include "stages/audio/audio.h"
#include "stages/audio/test_rates.h"
#include "stages/vad/stream.h"

namespace loom {
namespace {

constexpr std::int64_t pad = 480;  // the stage's 30 ms

struct Heard {
  std::vector<std::pair<std::int64_t, std::int64_t>> segments;  // padded, in samples of 16 kHz
  std::vector<bool> windows;                                    // over the threshold
};

Heard segments_of(const Sound& sound, int rate) {
  static const auto detect = *engines::open_silero();
  Heard heard;
  SpeechDetector noted = [&](SpeechMemory& memory, std::span<const float> window) {
    auto probability = detect(memory, window);
    heard.windows.push_back(probability && *probability >= 0.5F);
    return probability;
  };
  stages::SpeechStream stream(noted, {}, pad, rate);
  auto note = [&](const stages::Segment& segment) {
    if (segment.is_speech) heard.segments.push_back(stream.padded(segment));
  };
  EXPECT_TRUE(stream.push(sound, note));
  EXPECT_TRUE(stream.finish(note));
  return heard;
}

/// tests/data/vad_reference.json: what get_speech_timestamps of silero-vad 6.2.3 finds (tools/vad_reference) at 8, 16 and
/// 48 kHz, in samples of that rate.
class Table {
 public:
  Table() : table_(*document_.parse(test::bytes_of(LOOM_ROOT "/tests/data/vad_reference.json"))) {}
  /// `use(file, segments)` for each recording, in samples of 16 kHz. Rates that Silero does not know hear what 16 kHz does.
  template <class Use>
  void each(int rate, Use use) const {
    auto own = table_.get(std::to_string(rate));
    auto scale = own ? static_cast<double>(sound_rate) / rate : 1;
    int files = 0;
    (own ? *own : *table_.get("16000")).each_member([&](std::string_view file, json::Value wanted) {
      SCOPED_TRACE(std::string(file) + " at " + std::to_string(rate));
      std::vector<std::pair<std::int64_t, std::int64_t>> segments;
      auto sample = [&](json::Value value) { return std::llround(static_cast<double>(*value.integer()) * scale); };
      for (std::size_t i = 0; i < wanted.size(); ++i) segments.emplace_back(sample(*wanted.at(i)->at(0)), sample(*wanted.at(i)->at(1)));
      use(file, segments);
      ++files;
    });
    EXPECT_EQ(files, 6) << rate;
  }

 private:
  json::Document document_;
  json::Value table_;
};

TEST(Hearing, UtterancesAreWhereTheModelsOwnProgramFindsThem) {
  for (int rate : {8000, 16000, 24000, 44100, 48000}) {
    std::int64_t farthest = 0;
    Table().each(rate, [&](std::string_view file, const auto& wanted) {
      auto found = segments_of(test::at_rate(test::recording(file), rate), rate).segments;
      ASSERT_EQ(found.size(), wanted.size());
      for (std::size_t i = 0; i < found.size(); ++i)
        for (auto [ours, theirs] : {std::pair{found[i].first, wanted[i].first}, {found[i].second, wanted[i].second}}) {
          farthest = std::max(farthest, std::abs(ours - theirs));
          EXPECT_LE(std::abs(ours - theirs), speech_window) << "utterance " << i;
        }
    });
    RecordProperty("farthest at " + std::to_string(rate), std::to_string(farthest));
  }
}

/// Of the speech that the table has at 16 kHz, whatever the rate at which it is heard.
TEST(Hearing, NineteenOfTwentyWindowsOfSpeechAreFound) {
  for (int rate : {8000, 16000, 48000}) {
    std::size_t speech = 0, found = 0;
    Table().each(sound_rate, [&](std::string_view file, const auto& wanted) {
      auto segments = segments_of(test::at_rate(test::recording(file), rate), rate).segments;
      auto covers = [&](std::int64_t at) {
        return std::any_of(segments.begin(), segments.end(), [at](auto segment) { return segment.first <= at && at < segment.second; });
      };
      for (auto [start, end] : wanted)
        for (auto at = start; at < end; at += speech_window) {
          ++speech;
          found += covers(at + speech_window / 2) ? 1 : 0;
        }
    });
    EXPECT_GE(static_cast<double>(found), 0.95 * static_cast<double>(speech)) << found << " of " << speech << " at " << rate;
    RecordProperty("found at " + std::to_string(rate), std::to_string(found) + " of " + std::to_string(speech));
  }
}

TEST(Hearing, NobodySpeaksInSilenceNoiseTonesAndMusic) {
  for (const auto& [name, sound] : test::speechless())
    for (int rate : {8000, 16000, 48000}) {
      auto heard = segments_of(test::at_rate(sound, rate), rate);
      EXPECT_TRUE(heard.segments.empty()) << name << " at " << rate;
      EXPECT_EQ(std::count(heard.windows.begin(), heard.windows.end(), true), 0) << name << " at " << rate;
    }
}

class Transcripts : public testing::Test {
 protected:
  /// Wrong words of all recordings, two_cities at its own 48 kHz, a share of all.
  static double wrong_of(std::optional<double> decibels) {
    auto hear = *engines::whisper_maker({})();
    std::size_t wrong = 0, words = 0;
    unsigned seed = 0;
    for (const auto& [sound, rate, text] : test::recordings()) {
      auto heard_sound = stages::at_16_khz({sound, rate});
      if (decibels) heard_sound = test::with_noise(heard_sound, *decibels, seed++);
      auto heard = hear({&heard_sound, 1}).front();
      auto wanted = test::spoken(text);
      wrong += test::errors_between(test::spoken(heard ? heard->text : ""), wanted);
      words += wanted.size();
    }
    EXPECT_EQ(words, 211U);
    return static_cast<double>(wrong) / static_cast<double>(words);
  }
};

TEST_F(Transcripts, OfCleanSpeechHaveTwoWrongWordsInAHundred) { EXPECT_LE(wrong_of(std::nullopt), 0.02); }
/// 5.7 % where it was measured, 6 % is wanted; one word more is what another processor's rounding may do.
TEST_F(Transcripts, WithNoiseOfTenDecibelsSix) { EXPECT_LE(wrong_of(10), 0.065); }

}  // namespace
}  // namespace loom
