// How positive a text is, by VADER's rules (Hutto and Gilbert 2014): a lexicon of words with their weights, boosters,
// negations, capitals, emoji, "but". Source of lexicon and rules: the packages named in tools/setup.
// Ownership: a Vader holds its lexicon, some 1 MB. Threads: const, any. Errors of opening: configuration (model files).
//   auto vader = Vader::open();   vader->score("not bad at all").compound
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "loom/error.h"

namespace loom::stages {

struct Sentiment {
  double compound = 0;                             // -1 to 1
  double positive = 0, neutral = 0, negative = 0;  // shares, together 1; all 0 for no words
};

class Vader {
 public:
  static Result<Vader> open();
  [[nodiscard]] Sentiment score(std::string_view text) const;

 private:
  friend class Reading;
  std::unordered_map<std::string, double> lexicon_;
  std::unordered_map<std::string, std::string> emoji_;  // → words that describe it
};

}  // namespace loom::stages
