// The chunks of a stream that are still of interest: which of them a sample lies in, and how each has settled. A chunk
// is emitted when an utterance ends in it, named in the sources of an utterance it took part in, or dropped.
//   auto& chunk = chunks.add(kept, first, last);   chunks.holding(end - 1)
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "loom/joiner.h"
#include "stages/vad/segmenter.h"

namespace loom::stages {

struct Chunk {
  enum class State { new_one, joined, emitted, dropped };
  Kept kept;
  Identity identity;
  Samples first = 0, last = 0;  // of the stream, 16 kHz; `last` is one past the end
  Micros recorded_at = 0;
  State state = State::new_one;
  bool is_named = false;  // in some utterance's sources
  int utterances = 0;     // that ended in it

  [[nodiscard]] Micros time_of(Samples sample) const { return recorded_at + (sample - first) * 1'000'000 / sound_rate; }
};

class Chunks {
 public:
  Chunk& add(Chunk chunk) {
    all_.push_back(std::move(chunk));
    return all_.back();
  }
  /// The one that the sample lies in; the last where it lies past the end.
  [[nodiscard]] Chunk& holding(Samples sample) {
    for (auto& chunk : all_)
      if (sample < chunk.last) return chunk;
    return all_.back();
  }
  /// Those that take part in an utterance: with sound of it, or joined while it was open. Not those dropped before.
  [[nodiscard]] std::vector<Chunk*> taking_part(Samples start, Samples end) {
    std::vector<Chunk*> found;
    for (auto& chunk : all_) {
      bool is_touched = chunk.first < end && chunk.last > start;
      bool is_waiting = chunk.state == Chunk::State::joined && !chunk.is_named;
      if (chunk.state != Chunk::State::dropped && (is_touched || is_waiting)) found.push_back(&chunk);
    }
    return found;
  }
  [[nodiscard]] bool is_empty() const { return all_.empty(); }
  [[nodiscard]] Chunk& last() { return all_.back(); }
  [[nodiscard]] std::deque<Chunk>& all() { return all_; }

  /// Chunks before this sample cannot be of interest any more, but for the last one.
  void forget_before(Samples sample) {
    while (all_.size() > 1 && all_.front().last <= sample) all_.pop_front();
  }

 private:
  std::deque<Chunk> all_;
};

}  // namespace loom::stages
