// Tokens of a decoded window as words of the sounds that were packed into it. Pure, apart from reading samples.
// Times are seconds. A token's `end` is where the alignment puts it; a word's end is its last token's. A word starts
// where the one before ended, moved past silence.
//   auto transcripts = placed(words_of(tokens), window, samples);   // one a piece
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

/// The words of each of the window's pieces, in the time of the piece's sound.
[[nodiscard]] std::vector<Transcript> placed(std::span<const SpokenWord> words, const Window& window,
                                             std::span<const float> samples);

/// More words than a tongue can say in the time: the model repeats itself.
[[nodiscard]] bool says_too_much(const Transcript& heard, const Piece& piece);
/// Whether the words can have been said in these pieces: none without a word, none with more than a tongue can say.
[[nodiscard]] bool is_plausible(std::span<const Transcript> heard, const Window& window);

void append(Transcript& to, Transcript&& more);

/// "[BLANK_AUDIO]", "(music)", "*sighs*": what the model says where nobody speaks.
[[nodiscard]] bool is_no_speech(std::string_view text);

}  // namespace loom::engines
