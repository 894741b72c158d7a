// A device's sound as one 16 kHz stream, from one break to the next: resampled, cut into windows, asked for speech. It
// keeps only the sound that an utterance may still need. Errors: the detector's.
//   stream.push(sound, on_segment);   stream.finish(on_segment);   stream.cut(segment.start, segment.end)
#pragma once

#include <functional>
#include <utility>

#include "stages/audio/audio.h"
#include "stages/vad/segmenter.h"

namespace loom::stages {

class SpeechStream {
 public:
  using OnSegment = std::function<void(const Segment&)>;
  SpeechStream(SpeechDetector detect, SegmentRules rules, Samples pad, int rate)
      : detect_(std::move(detect)), segmenter_(rules), pad_(pad), rate_(rate), resampler_(rate) {}

  Result<void> push(std::span<const float> samples, const OnSegment& on_segment);
  Result<void> finish(const OnSegment& on_segment);

  /// A segment with its pads, as far as there is sound; valid inside `on_segment`.
  [[nodiscard]] std::pair<Samples, Samples> padded(const Segment& segment) const;
  [[nodiscard]] Sound cut(const Segment& segment) const;
  [[nodiscard]] const Segmenter& segmenter() const { return segmenter_; }
  [[nodiscard]] int rate() const { return rate_; }
  /// How many samples (of 16 kHz) were pushed, counted exactly.
  [[nodiscard]] Samples pushed() const { return pushed_ * sound_rate / rate_; }

 private:
  Result<void> take_windows(const OnSegment& on_segment);
  void forget();

  SpeechDetector detect_;
  Segmenter segmenter_;
  Samples pad_;
  int rate_;
  Resampler resampler_;
  SpeechMemory memory_;
  std::vector<std::int16_t> kept_;  // from `base_` on
  Samples base_ = 0, pushed_ = 0;
};

}  // namespace loom::stages
