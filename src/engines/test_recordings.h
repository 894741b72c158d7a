// The recordings with what is said in them, sounds without speech, and how wrong a transcript is: for tests and
// `make accuracy`.
//   for (const auto& [sound, rate, text] : test::recordings()) wrong += errors_between(spoken(heard), spoken(text));
#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

#include "engines/test_errors.h"
#include "engines/test_sounds.h"

namespace loom::test {

using Words = std::vector<std::string>;

struct Recording {
  Sound sound;
  int rate = sound_rate;
  std::string text;
};

/// A file of .deps/testdata by its name, 16 kHz.
inline Sound recording(std::string_view file) {
  return sound_of((file == "jfk.wav" ? ".deps/testdata/" : ".deps/testdata/librivox/") + std::string(file));
}

inline std::vector<Recording> recordings() {
  std::vector<Recording> all{
      {jfk(), sound_rate,
       "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country."},
      {sound_of(".deps/testdata/two_cities.wav"), 48000,
       "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the epoch of "
       "belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the spring of hope, it "
       "was the winter of despair, we had everything before us, we had nothing before us, we were all going direct to Heaven, we were all "
       "going direct the other way - in short, the period was so far like the present period, that some of its noisiest authorities "
       "insisted on its being received, for good or for evil, in the superlative degree of comparison only."}};
  for (auto [number, text] :
       {std::pair{"0870", "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them"},
        {"0880", "he was not an ill disposed young man"},
        {"0890", "unless to be rather cold hearted and rather selfish is to be ill disposed"},
        {"0920", "had he married a more amiable woman he might have been made still more respectable than he was"},
        {"0930", "he might even have been made amiable himself"}})
    all.push_back({librivox(number), sound_rate, text});
  return all;
}

inline Words spoken(std::string text) {
  for (std::size_t mister; (mister = text.find("Mr.")) != std::string::npos;) text.replace(mister, 3, "mister");
  for (char& c : text)
    c = std::isalpha(static_cast<unsigned char>(c)) || c == '\'' ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : ' ';
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

inline Sound with_noise(const Sound& sound, double decibels, unsigned seed) {
  double power = 0;
  for (float sample : sound) power += static_cast<double>(sample) * sample;
  auto deviation = std::sqrt(power / static_cast<double>(sound.size()) / std::pow(10, decibels / 10));
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(0, static_cast<float>(deviation));
  Sound noisy(sound);
  for (float& sample : noisy) sample = std::clamp(sample + noise(random), -1.0F, 1.0F);
  return noisy;
}

/// Ten seconds each, 16 kHz.
inline std::vector<std::pair<std::string, Sound>> speechless() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.1F);
  Sound silence(10 * sound_rate), noise(10 * sound_rate), tone(10 * sound_rate), music(10 * sound_rate);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    auto t = static_cast<float>(i) / sound_rate;
    noise[i] = normal(random);
    tone[i] = 0.3F * std::sin(2764.6F * t);
    auto note = 220.0F * std::pow(2.0F, static_cast<float>(static_cast<int>(t * 4) % 8) / 12.0F);
    for (int harmonic = 1; harmonic < 6; ++harmonic)
      music[i] += 0.1F / static_cast<float>(harmonic) * std::sin(6.2832F * note * static_cast<float>(harmonic) * t) * std::exp(-3 * std::fmod(t, 0.25F));
  }
  return {{"silence", silence}, {"white noise", noise}, {"440 Hz", tone}, {"music", music}};
}

}  // namespace loom::test
