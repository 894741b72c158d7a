// The events of moshi-server put together to words: a Word begins one, an EndWord ends it. Pure.
// A word whose end is never told lasts until the next begins, or the sound ends. No confidence: the server tells none.
//   KyutaiWords words;  words.begin("hello", 0.2);  words.end(0.6);  words.take(1.5) == {{"hello", 0.2, 0.6}}
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engines/remote.h"
#include "engines/speech_sound.h"

namespace loom::engines {

class KyutaiWords {
 public:
  void begin(std::string text, double start) {
    end(start);
    words_.push_back({std::move(text), start, start, {}});
    open_ = true;
  }
  void end(double stop) {
    if (std::exchange(open_, false)) words_.back().end = stop;
  }
  [[nodiscard]] std::vector<SpokenWord> take(double seconds) {
    end(seconds);
    settle_times(words_, seconds);
    return std::exchange(words_, {});
  }

 private:
  std::vector<SpokenWord> words_;
  bool open_ = false;
};

}  // namespace loom::engines
