#include <soxr.h>

#include "stages/audio/audio.h"

namespace loom::stages {

struct Resampler::State {
  explicit State(int rate) : ratio(static_cast<double>(sound_rate) / rate) {
    if (rate == sound_rate) return;
    soxr_error_t error = nullptr;
    auto quality = soxr_quality_spec(SOXR_HQ, 0);
    auto threads = soxr_runtime_spec(1);
    soxr = soxr_create(rate, sound_rate, 1, &error, nullptr, &quality, &threads);
  }
  ~State() {
    if (soxr) soxr_delete(soxr);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Sound process(const float* in, std::size_t count) {
    Sound out(static_cast<std::size_t>(static_cast<double>(count) * ratio) + 4096);
    std::size_t used = 0, made = 0, total = 0;
    do {
      if (out.size() - total < 2048) out.resize(out.size() * 2);
      soxr_process(soxr, in, count, &used, out.data() + total, out.size() - total, &made);
      total += made;
      if (in) in += used, count -= used;
    } while (made > 0 || (in && count > 0 && used > 0));
    out.resize(total);
    return out;
  }

  double ratio;
  soxr_t soxr = nullptr;  // none where the rate is 16 kHz already
};

Resampler::Resampler(int rate) : state_(std::make_unique<State>(rate)) {}
Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

Sound Resampler::push(std::span<const float> samples) {
  if (!state_->soxr) return {samples.begin(), samples.end()};
  return samples.empty() ? Sound{} : state_->process(samples.data(), samples.size());
}

Sound Resampler::flush() { return state_->soxr ? state_->process(nullptr, 0) : Sound{}; }

Sound at_16_khz(const RecordedSound& sound) {
  Resampler resampler(sound.rate);
  auto out = resampler.push(sound.samples);
  auto rest = resampler.flush();
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace loom::stages
