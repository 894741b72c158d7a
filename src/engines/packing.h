// Sounds packed into windows of a model that always works on 30 seconds: each has its own, or several short ones share one
// with a pause between them; one that is longer is cut where it is quietest. Pure.
//   for (const auto& window : packed(sounds, Sharing::alone)) { auto samples = samples_of(window, sounds); ... }
#pragma once

#include <span>
#include <vector>

#include "loom/speech.h"

namespace loom::engines {

/// A part of a sound, and where it lies in its window. All in samples.
struct Piece {
  std::size_t sound = 0;  // index
  std::size_t from = 0, size = 0;
  std::size_t at = 0;
};
using Window = std::vector<Piece>;

inline constexpr std::size_t longest_window = 28 * sound_rate;
inline constexpr std::size_t pause_between = 3 * sound_rate / 10;
inline constexpr std::size_t lead_in = sound_rate / 4;  // quiet before the first: speech from the first sample on is misheard

enum class Sharing { alone, together };
[[nodiscard]] std::vector<Window> packed(std::span<const Sound> sounds, Sharing sharing);
[[nodiscard]] Sound samples_of(const Window& window, std::span<const Sound> sounds);

}  // namespace loom::engines
