#include "engines/packing.h"

#include <algorithm>

namespace loom::engines {
namespace {

constexpr std::size_t step = sound_rate / 100;        // quiet is looked for in steps of 10 ms
constexpr std::size_t look_back = 8 * sound_rate;     // before the window's end
constexpr std::size_t quiet_length = sound_rate / 10;

double energy(std::span<const float> samples) {
  double sum = 0;
  for (float sample : samples) sum += static_cast<double>(sample) * sample;
  return sum;
}

/// Where to cut a sound that is too long: the middle of the quietest tenth of a second near the window's end.
std::size_t cut_of(const Sound& sound, std::size_t from) {
  auto end = from + longest_window;
  if (end >= sound.size()) return sound.size();
  auto best = end;
  double least = -1;
  for (auto at = end - look_back; at + quiet_length <= end; at += step) {
    double loud = energy({sound.data() + at, quiet_length});
    if (least < 0 || loud <= least) least = loud, best = at + quiet_length / 2;
  }
  return best;
}

}  // namespace

std::vector<Window> packed(std::span<const Sound> sounds, Sharing sharing) {
  std::vector<Window> windows;
  std::size_t used = 0;
  for (std::size_t i = 0; i < sounds.size(); ++i) {
    for (std::size_t from = 0; from < sounds[i].size();) {
      auto to = cut_of(sounds[i], from);
      auto size = to - from;
      if (windows.empty() || sharing == Sharing::alone || used + pause_between + size > lead_in + longest_window) {
        windows.emplace_back();
        used = lead_in;
      } else {
        used += pause_between;
      }
      windows.back().push_back({i, from, size, used});
      used += size;
      from = to;
    }
  }
  return windows;
}

Sound samples_of(const Window& window, std::span<const Sound> sounds) {
  if (window.empty()) return {};
  Sound samples(window.back().at + window.back().size, 0.0F);
  for (const auto& piece : window) {
    auto first = sounds[piece.sound].begin() + static_cast<std::ptrdiff_t>(piece.from);
    std::copy_n(first, piece.size, samples.begin() + static_cast<std::ptrdiff_t>(piece.at));
  }
  return samples;
}

}  // namespace loom::engines
