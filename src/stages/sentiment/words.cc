#include "stages/sentiment/words.h"

#include <algorithm>

namespace loom::stages {
namespace {

constexpr std::string_view punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

char32_t code_of(std::string_view character) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  switch (character.size()) {
    case 2:
      return (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
    case 3:
      return (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    case 4:
      return (byte(0) & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU);
    default:
      return byte(0);
  }
}

bool in(char32_t code, char32_t first, char32_t last) { return first <= code && code <= last; }

bool is_space(char32_t code) {
  return in(code, 9, 13) || in(code, 0x1C, 0x20) || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         in(code, 0x2000, 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}
bool is_capital(char32_t code) {  // Latin, Greek, Cyrillic
  return in(code, 'A', 'Z') || (in(code, 0xC0, 0xDE) && code != 0xD7) || in(code, 0x391, 0x3A9) || in(code, 0x410, 0x42F);
}
bool is_small(char32_t code) {
  return in(code, 'a', 'z') || (in(code, 0xDF, 0xFF) && code != 0xF7) || in(code, 0x3B1, 0x3C9) || in(code, 0x430, 0x44F);
}

std::size_t length(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += character_at(text, at).size()) ++count;
  return count;
}

/// What is two characters or fewer without its punctuation was an emoticon, and stays.
std::string_view bare(std::string_view token) {
  auto first = token.find_first_not_of(punctuation);
  if (first == std::string_view::npos) return token;
  auto inner = token.substr(first, token.find_last_not_of(punctuation) - first + 1);
  return length(inner) <= 2 ? token : inner;
}

Word word_of(std::string_view token) {
  Word word;
  bool has_capital = false, has_small = false;
  for (std::size_t at = 0; at < token.size();) {
    auto character = character_at(token, at);
    at += character.size();
    auto code = code_of(character);
    has_capital |= is_capital(code);
    has_small |= is_small(code);
    if (in(code, 'A', 'Z'))
      word.lower += static_cast<char>(code + 32);
    else
      word.lower += character;
  }
  word.is_upper = has_capital && !has_small;
  return word;
}

}  // namespace

std::string_view character_at(std::string_view text, std::size_t at) {
  auto lead = static_cast<unsigned char>(text[at]);
  std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return text.substr(at, std::min(size, text.size() - at));
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  std::size_t begin = 0;
  auto end_word = [&](std::size_t end) {
    if (end > begin) words.push_back(word_of(bare(text.substr(begin, end - begin))));
  };
  for (std::size_t at = 0; at < text.size();) {
    auto character = character_at(text, at);
    auto next = at + character.size();
    if (is_space(code_of(character))) {
      end_word(at);
      begin = next;
    }
    at = next;
  }
  end_word(text.size());
  return words;
}

}  // namespace loom::stages
