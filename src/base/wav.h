// RIFF/WAVE: what a file's header says, and sound written as 16 bit PCM. Pure; any bytes are safe. Threads: any.
// Nothing fails: bytes that are no WAV give nullopt.
//   auto header = wav_header_of(bytes);   header->seconds() == 1.5;   auto file = wav_of(sound, 16000);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace loom {

struct WavHeader {
  int format = 1;  // 1 PCM, 3 floating point, 0xfffe extensible
  int channels = 1;
  int rate = 0;               // samples a second
  int bits = 16;              // a sample
  std::size_t data_at = 0;    // where the samples begin
  std::size_t data_size = 0;  // bytes of them that are here, whatever the header claims

  [[nodiscard]] double seconds() const {
    return static_cast<double>(data_size) * 8 / bits / channels / rate;
  }
};

[[nodiscard]] std::optional<WavHeader> wav_header_of(std::string_view bytes);

/// A sample as 16 bit PCM: what lies outside -1 to 1 is clipped, what is no number is silence.
[[nodiscard]] inline std::int16_t level_of(float sample) {
  constexpr float most = 32767.0F;
  float scaled = sample * most;
  if (scaled >= most) return 32767;
  if (scaled <= -most) return -32767;
  return scaled == scaled ? static_cast<std::int16_t>(scaled + (scaled < 0 ? -0.5F : 0.5F)) : std::int16_t{0};
}

/// A mono file of samples from -1 to 1; what lies outside is clipped.
[[nodiscard]] std::string wav_of(std::span<const float> samples, int rate);

}  // namespace loom
