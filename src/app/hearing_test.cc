// What the stages that hear do with the models they have: bars on real recordings, at the rates that devices send.
#include <gtest/gtest.h>
#include <soxr.h>

#include <algorithm>

#include "engines/silero.h"
#include "engines/test_recordings.h"
#include "engines/whisper.h"
#include "loom/json.h"
#include "stages/audio/audio.h"
#include "stages/vad/stream.h"

namespace loom {
namespace {

constexpr std::int64_t pad = 480;  // the stage's 30 ms

/// The sound as a device with another rate records it.
Sound at_rate(const Sound& sound, int rate) {
  if (rate == sound_rate) return sound;
  Sound other(sound.size() * static_cast<std::size_t>(rate) / sound_rate + 1);
  auto quality = soxr_quality_spec(SOXR_VHQ, 0);
  std::size_t done = 0;
  EXPECT_EQ(soxr_oneshot(sound_rate, rate, 1, sound.data(), sound.size(), nullptr, other.data(), other.size(), &done, nullptr, &quality, nullptr), nullptr);
  other.resize(done);
  return other;
}

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

/// tests/data/vad_reference.json: get_speech_timestamps of silero-vad 6.2.3 (tools/vad_reference), 16 kHz.
TEST(Hearing, UtterancesAreWhereTheModelsOwnProgramFindsThem) {
  json::Document document;
  auto table = document.parse(test::bytes_of(LOOM_ROOT "/tests/data/vad_reference.json"));
  ASSERT_TRUE(table);
  for (int rate : {16000, 24000, 44100, 48000}) {
    std::int64_t farthest = 0;
    table->each_member([&](std::string_view file, json::Value wanted) {
      SCOPED_TRACE(std::string(file) + " at " + std::to_string(rate));
      auto found = segments_of(at_rate(test::recording(file), rate), rate).segments;
      ASSERT_EQ(found.size(), wanted.size());
      for (std::size_t i = 0; i < found.size(); ++i)
        for (auto [ours, theirs] : {std::pair{found[i].first, *wanted.at(i)->at(0)->integer()}, {found[i].second, *wanted.at(i)->at(1)->integer()}}) {
          farthest = std::max(farthest, std::abs(ours - theirs));
          EXPECT_LE(std::abs(ours - theirs), speech_window) << "utterance " << i;
        }
    });
    RecordProperty("farthest at " + std::to_string(rate), std::to_string(farthest));
  }
}

/// A telephone's sound (8 kHz) lacks what tells some ends apart: the table, made at 16 kHz, is met by 2 windows, and a
/// pause of 0.1 s may part what it joins.
TEST(Hearing, NineteenOfTwentyWindowsOfSpeechAreFound) {
  json::Document document;
  auto table = document.parse(test::bytes_of(LOOM_ROOT "/tests/data/vad_reference.json"));
  ASSERT_TRUE(table);
  for (int rate : {8000, 16000, 48000}) {
    std::size_t speech = 0, found = 0;
    table->each_member([&](std::string_view file, json::Value wanted) {
      auto segments = segments_of(at_rate(test::recording(file), rate), rate).segments;
      for (auto [start, end] : segments) {
        bool is_inside = false;
        for (std::size_t i = 0; i < wanted.size(); ++i)
          is_inside |= start >= *wanted.at(i)->at(0)->integer() - 2 * speech_window && end <= *wanted.at(i)->at(1)->integer() + 2 * speech_window;
        EXPECT_TRUE(is_inside) << file << " at " << rate << ": " << start << " to " << end;
      }
      auto covers = [&](std::int64_t at) {
        return std::any_of(segments.begin(), segments.end(), [at](auto segment) { return segment.first <= at && at < segment.second; });
      };
      for (std::size_t i = 0; i < wanted.size(); ++i)
        for (auto at = *wanted.at(i)->at(0)->integer(); at < *wanted.at(i)->at(1)->integer(); at += speech_window) {
          ++speech;
          found += covers(at + speech_window / 2) ? 1 : 0;
        }
    });
    EXPECT_GE(static_cast<double>(found), 0.95 * static_cast<double>(speech)) << found << " of " << speech << " at " << rate;
  }
}

TEST(Hearing, NobodySpeaksInSilenceNoiseTonesAndMusic) {
  for (const auto& [name, sound] : test::speechless())
    for (int rate : {8000, 16000, 48000}) {
      auto heard = segments_of(at_rate(sound, rate), rate);
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
