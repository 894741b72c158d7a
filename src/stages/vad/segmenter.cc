#include "stages/vad/segmenter.h"

#include <algorithm>

namespace loom::stages {

std::optional<Segment> Segmenter::take(float probability) {
  auto window = at_;
  at_ += speech_window;
  if (probability >= rules_.threshold) {
    silent_from_.reset();
    if (!start_) start_ = window, sum_ = 0, windows_ = 0, most_ = 0, least_ = 1;
  }
  if (!start_) return std::nullopt;
  sum_ += probability;
  ++windows_;
  most_ = std::max(most_, probability);
  least_ = std::min(least_, probability);
  if (at_ - *start_ > rules_.longest) return end_at(window);
  if (probability >= rules_.negative) return std::nullopt;
  if (!silent_from_) silent_from_ = window;
  if (window - *silent_from_ < rules_.min_silence) return std::nullopt;
  return end_at(*silent_from_);
}

std::optional<Segment> Segmenter::finish(Samples end) {
  if (!start_) return std::nullopt;
  return end_at(std::max(end, *start_));
}

Segment Segmenter::end_at(Samples end) {
  Segment segment{*start_, end, end - *start_ > rules_.min_speech, static_cast<float>(sum_ / std::max(windows_, 1)), most_,
                  least_};
  start_.reset();
  silent_from_.reset();
  return segment;
}

}  // namespace loom::stages
