#include "stages/vad/stream.h"

#include <algorithm>

#include "base/wav.h"

namespace loom::stages {
namespace {

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
    if (is_telephone()) telephone_.insert(telephone_.end(), piece.begin(), piece.end());
    pushed_ += static_cast<Samples>(piece.size());
    if (auto taken = take_windows(on_segment); !taken) return taken;
  }
  return {};
}

Result<void> SpeechStream::take_windows(const OnSegment& on_segment) {
  while (has_window()) {
    auto probability = detect_(memory_, next_window());
    if (!probability) return tl::unexpected<Error>(std::move(probability.error()));
    if (auto segment = segmenter_.take(*probability)) on_segment(*segment);
    forget();
  }
  return {};
}

bool SpeechStream::has_window() const {
  auto end = segmenter_.at() + speech_window;
  auto is_heard = !is_telephone() || telephone_base_ + static_cast<Samples>(telephone_.size()) >= end / 2;
  return is_heard && kept_end() >= end;
}

std::span<const float> SpeechStream::next_window() {
  if (is_telephone())
    return std::span(telephone_).subspan(static_cast<std::size_t>(segmenter_.at() / 2 - telephone_base_), telephone_window);
  auto from = kept_.begin() + (segmenter_.at() - base_);
  std::transform(from, from + speech_window, window_.begin(), sample_of);
  return window_;
}

/// What is left is less than a window: silence makes it one.
Result<void> SpeechStream::finish(const OnSegment& on_segment) {
  append(kept_, resampler_.flush());
  end_ = kept_end();
  if (auto rest = end_ - segmenter_.at(); rest % speech_window != 0)
    kept_.resize(kept_.size() + static_cast<std::size_t>(speech_window - rest % speech_window));
  if (is_telephone()) telephone_.resize(static_cast<std::size_t>(kept_end() / 2 - telephone_base_));
  auto taken = take_windows(on_segment);
  if (auto segment = segmenter_.finish(end_)) on_segment(*segment);
  return taken;
}

std::pair<Samples, Samples> SpeechStream::padded(const Segment& segment) const {
  auto end = std::min(kept_end(), end_);
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
  if (auto heard = segmenter_.at() / 2 - telephone_base_; is_telephone() && heard >= telephone_rate) {
    telephone_.erase(telephone_.begin(), telephone_.begin() + heard);
    telephone_base_ += heard;
  }
  auto needed = segmenter_.start() - pad_;
  if (needed - base_ < sound_rate) return;
  kept_.erase(kept_.begin(), kept_.begin() + (needed - base_));
  base_ = needed;
}

}  // namespace loom::stages
