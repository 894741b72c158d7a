#include "engines/speech_sound.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace loom::engines {
namespace {

constexpr int reach = 24;  // input samples to each side of an output sample
using Phase = std::array<float, 2 * reach>;

/// Low-pass a little below 8 kHz, Blackman window; one filter for each third between two input samples.
std::array<Phase, 3> make_phases() {
  constexpr double cutoff = 0.96, pi = std::numbers::pi;
  std::array<Phase, 3> phases{};
  for (std::size_t third = 0; third < 3; ++third) {
    double sum = 0;
    for (int tap = 0; tap < 2 * reach; ++tap) {
      double x = tap - (reach - 1) - static_cast<double>(third) / 3;
      double sinc = x == 0 ? cutoff : std::sin(pi * cutoff * x) / (pi * x);
      double window = 0.42 + 0.5 * std::cos(pi * x / reach) + 0.08 * std::cos(2 * pi * x / reach);
      phases[third][static_cast<std::size_t>(tap)] = static_cast<float>(sinc * window);
      sum += sinc * window;
    }
    for (auto& weight : phases[third]) weight = static_cast<float>(weight / sum);
  }
  return phases;
}

}  // namespace

Sound resampled_to_24k(std::span<const float> sound) {
  static const auto phases = make_phases();
  Sound out(sound.size() * 3 / 2);
  auto size = static_cast<std::ptrdiff_t>(sound.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto first = static_cast<std::ptrdiff_t>(i * 2 / 3) - (reach - 1);
    const auto& phase = phases[i * 2 % 3];
    auto from = std::max<std::ptrdiff_t>(0, -first), to = std::min<std::ptrdiff_t>(2 * reach, size - first);
    float sum = 0;
    for (auto tap = from; tap < to; ++tap)
      sum += sound[static_cast<std::size_t>(first + tap)] * phase[static_cast<std::size_t>(tap)];
    out[i] = sum;
  }
  return out;
}

void settle_times(std::vector<SpokenWord>& words, double seconds) {
  double before = 0;
  for (auto& word : words) {
    word.start = std::clamp(word.start, before, std::max(before, seconds));
    word.end = std::clamp(word.end, word.start, std::max(word.start, seconds));
    before = word.start;
  }
}

std::string text_of_words(const std::vector<SpokenWord>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

}  // namespace loom::engines
