// Where speech begins and ends, from the probability of each window: Silero's own rules, for a stream. A segment begins
// with a window over the threshold and ends where the probability stayed under the negative one for the least silence.
// Pure. All in samples of the stream, 16 kHz.
//   if (auto segment = segmenter.take(probability)) ...   segmenter.is_open()
#pragma once

#include <cstdint>
#include <optional>

#include "loom/speech.h"

namespace loom::stages {

using Samples = std::int64_t;

struct SegmentRules {
  float threshold = 0.5F, negative = 0.35F;
  Samples min_speech = 4000, min_silence = 1600, longest = 30 * sound_rate;
};

/// Ended; speech unless it was too short.
struct Segment {
  Samples start = 0, end = 0;
  bool is_speech = false;
  float mean = 0, most = 0, least = 1;  // of the windows' probabilities
};

class Segmenter {
 public:
  explicit Segmenter(SegmentRules rules) : rules_(rules) {}

  /// The next window of 512 samples.
  std::optional<Segment> take(float probability);
  /// The stream ends here: so does what is open.
  std::optional<Segment> finish(Samples end);

  [[nodiscard]] bool is_open() const { return start_.has_value(); }
  [[nodiscard]] Samples start() const { return start_.value_or(at_); }  // of what is open
  /// Where it will end, should no more speech come.
  [[nodiscard]] Samples likely_end() const { return silent_from_.value_or(at_); }
  [[nodiscard]] Samples at() const { return at_; }

 private:
  Segment end_at(Samples end);

  SegmentRules rules_;
  Samples at_ = 0;
  std::optional<Samples> start_, silent_from_;
  double sum_ = 0;
  int windows_ = 0;
  float most_ = 0, least_ = 1;
};

}  // namespace loom::stages
