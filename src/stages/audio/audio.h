// The sound of a message: data.chunk_data decoded (16 bit PCM, or a WAV, FLAC, OGG or MP3 file) to mono, and checked
// against what the message claims. What the bytes say wins over `format`; a claim that contradicts them is an error.
// Pure; time and memory are bounded by the limit, whatever the bytes claim. Threads: any.
// Errors, all with the field: missing_field, malformed (base64, no sound, an odd byte), too_large, invalid_value.
//   auto sound = sound_of(message, {.max_seconds = 600});   sound->seconds() == 1.5;   at_16_khz(*sound)
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "loom/envelope.h"
#include "loom/speech.h"

namespace loom::stages {

struct SoundLimits {
  double max_seconds = 600;
};

/// Mono samples, -1 to 1, at the rate they were recorded with.
struct RecordedSound {
  std::vector<float> samples;
  int rate = sound_rate;
  [[nodiscard]] double seconds() const { return static_cast<double>(samples.size()) / rate; }
};

[[nodiscard]] Result<RecordedSound> sound_of(const Envelope& message, const SoundLimits& limits);

/// A file's bytes; nullopt when they are none that is known. Errors: malformed, too_large.
[[nodiscard]] Result<std::optional<RecordedSound>> read_sound_file(std::string_view bytes, const SoundLimits& limits,
                                                                   int* channels = nullptr);

/// Brings a stream of any rate to 16 kHz, piece by piece. What comes out lags a little behind.
class Resampler {
 public:
  explicit Resampler(int rate);
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;
  [[nodiscard]] Sound push(std::span<const float> samples);
  [[nodiscard]] Sound flush();  // the rest; nothing may be pushed any more

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] Sound at_16_khz(const RecordedSound& sound);

}  // namespace loom::stages
