// What the engines that send sound to a server share: the sound in another rate, words put in order, one sound after
// the other. Pure, but for what `one_by_one` calls. Nothing fails.
//   return Transcriber([server](auto sounds) { return one_by_one(sounds, [&](const Sound& s) { return server->hear(s); }); });
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "loom/speech.h"

namespace loom::engines {

/// 16 kHz → 24 kHz: 3:2, by a windowed sinc; as long in time, within a sample.
[[nodiscard]] Sound resampled_to_24k(std::span<const float> sound);

/// Words in order and within the sound: starts don't go back, ends don't come before starts.
void settle_times(std::vector<SpokenWord>& words, double seconds);
[[nodiscard]] std::string text_of_words(const std::vector<SpokenWord>& words);

/// A server that is away is not asked again for each of the others.
template <class Hear>
std::vector<Result<Transcript>> one_by_one(std::span<const Sound> sounds, Hear hear) {
  std::vector<Result<Transcript>> all;
  for (const auto& sound : sounds) {
    bool is_away = !all.empty() && !all.back() && traits_of(all.back().error().kind).remedy == Remedy::retry;
    all.push_back(is_away ? all.back() : hear(sound));
  }
  return all;
}

}  // namespace loom::engines
