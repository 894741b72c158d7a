// A sound as a device with another rate records it: for tests and `make accuracy`. tools/vad_reference does the same.
//   auto telephone = test::at_rate(sound, 8000);
#pragma once

#include <soxr.h>

#include <stdexcept>

#include "loom/speech.h"

namespace loom::test {

inline Sound at_rate(const Sound& sound, int rate) {
  if (rate == sound_rate) return sound;
  Sound other(sound.size() * static_cast<std::size_t>(rate) / sound_rate + 1);
  auto quality = soxr_quality_spec(SOXR_VHQ, 0);
  std::size_t done = 0;
  const auto* error = soxr_oneshot(sound_rate, rate, 1, sound.data(), sound.size(), nullptr, other.data(), other.size(), &done, nullptr,
                                   &quality, nullptr);
  if (error) throw std::runtime_error(error);
  other.resize(done);
  return other;
}

}  // namespace loom::test
