#include "stages/vad/stream.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace loom::stages {
namespace {

std::int16_t level_of(float sample) {
  return static_cast<std::int16_t>(std::clamp(std::lround(sample * 32767.0F), -32767L, 32767L));
}
float sample_of(std::int16_t level) { return static_cast<float>(level) / 32767.0F; }

void append(std::vector<std::int16_t>& to, const Sound& sound) {
  to.reserve(to.size() + sound.size());
  for (float sample : sound) to.push_back(level_of(sample));
}

}  // namespace

Result<void> SpeechStream::push(std::span<const float> samples, const OnSegment& on_segment) {
  constexpr std::size_t step = 1 << 16;  // so that a chunk of an hour is not here twice
  for (std::size_t at = 0; at < samples.size(); at += step) {
    auto piece = samples.subspan(at, std::min(step, samples.size() - at));
    append(kept_, resampler_.push(piece));
    pushed_ += static_cast<Samples>(piece.size());
    if (auto taken = take_windows(on_segment); !taken) return taken;
  }
  return {};
}

Result<void> SpeechStream::take_windows(const OnSegment& on_segment) {
  std::array<float, speech_window> window{};
  while (base_ + static_cast<Samples>(kept_.size()) - segmenter_.at() >= speech_window) {
    auto from = kept_.begin() + (segmenter_.at() - base_);
    std::transform(from, from + speech_window, window.begin(), sample_of);
    auto probability = detect_(memory_, window);
    if (!probability) return tl::unexpected<Error>(std::move(probability.error()));
    if (auto segment = segmenter_.take(*probability)) on_segment(*segment);
    forget();
  }
  return {};
}

Result<void> SpeechStream::finish(const OnSegment& on_segment) {
  append(kept_, resampler_.flush());
  auto end = base_ + static_cast<Samples>(kept_.size());
  if (auto rest = end - segmenter_.at(); rest % speech_window != 0)
    kept_.resize(kept_.size() + static_cast<std::size_t>(speech_window - rest % speech_window));
  auto taken = take_windows(on_segment);
  if (auto segment = segmenter_.finish(end)) on_segment(*segment);
  return taken;
}

std::pair<Samples, Samples> SpeechStream::padded(const Segment& segment) const {
  auto end = base_ + static_cast<Samples>(kept_.size());
  auto from = std::clamp(segment.start - pad_, base_, end);
  return {from, std::clamp(segment.end + pad_, from, end)};
}

Sound SpeechStream::cut(const Segment& segment) const {
  auto [from, to] = padded(segment);
  Sound sound(static_cast<std::size_t>(to - from));
  std::transform(kept_.begin() + (from - base_), kept_.begin() + (to - base_), sound.begin(), sample_of);
  return sound;
}

/// Sound before what is open, or before the next window, is not needed any more but for the pad.
void SpeechStream::forget() {
  auto needed = segmenter_.start() - pad_;
  if (needed - base_ < sound_rate) return;
  kept_.erase(kept_.begin(), kept_.begin() + (needed - base_));
  base_ = needed;
}

}  // namespace loom::stages
