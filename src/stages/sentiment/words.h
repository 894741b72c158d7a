// A text as VADER sees it: words with their case, punctuation around them taken off, emoji spelled out. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace loom::stages {

struct Word {
  std::string lower;
  bool is_upper = false;  // has letters, all of them capitals
};

/// The UTF-8 character that begins here, as bytes; one byte where the text is no UTF-8.
[[nodiscard]] std::string_view character_at(std::string_view text, std::size_t at);
[[nodiscard]] std::vector<Word> words_of(std::string_view text);

}  // namespace loom::stages
