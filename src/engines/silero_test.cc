#include "engines/silero.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engines/test_sounds.h"

namespace loom::engines {
namespace {

/// Windows that are more likely speech than not.
std::pair<int, int> speech_windows(const Sound& sound) {
  auto detect = open_silero();
  SpeechMemory memory;
  int speech = 0, all = 0;
  for (std::size_t at = 0; at + speech_window <= sound.size(); at += speech_window, ++all) {
    auto probability = (*detect)(memory, {sound.data() + at, speech_window});
    EXPECT_TRUE(probability);
    speech += *probability > 0.5F ? 1 : 0;
  }
  return {speech, all};
}

TEST(Silero, FindsSpeech) { EXPECT_EQ(speech_windows(test::jfk()), (std::pair{233, 343})); }

TEST(Silero, FindsNoneInSilenceNoiseAndTones) {
  Sound silence(5 * sound_rate), noise(5 * sound_rate), tone(5 * sound_rate);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.1F);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    noise[i] = normal(random);
    tone[i] = 0.3F * std::sin(2 * 3.14159265F * 440 * static_cast<float>(i) / sound_rate);
  }
  for (const auto& sound : {silence, noise, tone}) EXPECT_EQ(speech_windows(sound).first, 0);
}

TEST(Silero, AWindowOfAnotherLengthIsAnError) {
  SpeechMemory memory;
  auto detect = *open_silero();
  EXPECT_FALSE(detect(memory, Sound(100)));
  EXPECT_TRUE(detect(memory, Sound(telephone_window)));
  EXPECT_FALSE(detect(memory, Sound(speech_window))) << "the stream was one of 8 kHz";
}

}  // namespace
}  // namespace loom::engines
