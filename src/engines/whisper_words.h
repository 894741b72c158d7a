// Tokens of a decoded window as words of the sounds that were packed into it. Pure, apart from reading samples.
// Times are seconds. A token's `end` is where the alignment puts it; a word's end is its last token's. A word starts
// where the one before ended, moved past silence.
//   auto words = words_of(tokens);   place(words, window, samples, transcripts);
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engines/packing.h"

namespace loom::engines {

struct Token {
  std::string text;  // begins with a space where a word begins
  double end = 0;    // seconds from the window's start
  double log_probability = 0;
};

/// Words with their ends; starts are not set yet.
[[nodiscard]] std::vector<SpokenWord> words_of(std::span<const Token> tokens);

/// Adds the words to the transcripts of the sounds they lie in, in the sounds' own time.
void place(std::span<const SpokenWord> words, const Window& window, std::span<const float> samples,
           std::vector<Transcript>& transcripts);

/// "[BLANK_AUDIO]", "(music)", "*sighs*": what the model says where nobody speaks.
[[nodiscard]] bool is_no_speech(std::string_view text);

}  // namespace loom::engines
