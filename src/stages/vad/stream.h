// A device's sound as one 16 kHz stream, from one break to the next: resampled, cut into windows, asked for speech. A
// stream of 8 kHz is asked at its own rate (docs/decisions/0021). It keeps only the sound that an utterance may still
// need. Errors: the detector's.
//   stream.push(sound, on_segment);   stream.finish(on_segment);   stream.cut(segment.start, segment.end)
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <span>
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
  [[nodiscard]] bool has_window() const;
  [[nodiscard]] std::span<const float> next_window();
  void forget();
  [[nodiscard]] bool is_telephone() const { return rate_ == telephone_rate; }
  [[nodiscard]] Samples kept_end() const { return base_ + static_cast<Samples>(kept_.size()); }

  SpeechDetector detect_;
  Segmenter segmenter_;
  Samples pad_;
  int rate_;
  Resampler resampler_;
  SpeechMemory memory_;
  std::vector<std::int16_t> kept_;  // from `base_` on
  Samples base_ = 0, pushed_ = 0;
  Samples end_ = std::numeric_limits<Samples>::max();  // of the sound, once it is known
  std::vector<float> telephone_;  // a stream of 8 kHz as it came, from `telephone_base_` on; else empty
  Samples telephone_base_ = 0;
  std::array<float, speech_window> window_{};
};

}  // namespace loom::stages
