#include "base/likeness.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace loom {
namespace {

using Bits = std::vector<std::uint64_t>;

/// Length of the longest common subsequence, 64 columns of the table at once: a zero bit of `open` is a step of it.
template <class Token>
std::size_t common(const std::vector<Token>& a, const std::vector<Token>& b) {
  std::size_t words = (a.size() + 63) / 64;
  std::unordered_map<Token, Bits> places;
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto& bits = places.try_emplace(a[i], words, 0).first->second;
    bits[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  Bits open(words, ~std::uint64_t{0});
  for (const auto& token : b) {
    auto found = places.find(token);
    if (found == places.end()) continue;
    std::uint64_t carry = 0;
    for (std::size_t w = 0; w < words; ++w) {
      auto hits = open[w] & found->second[w];
      auto sum = open[w] + hits;
      auto over = static_cast<std::uint64_t>(sum < hits);
      sum += carry;
      over |= static_cast<std::uint64_t>(sum < carry);
      open[w] = sum | (open[w] & ~hits);
      carry = over;
    }
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < a.size(); ++i) length += (open[i / 64] >> (i % 64) & 1) == 0 ? 1 : 0;
  return length;
}

template <class Token>
double likeness(const std::vector<Token>& a, const std::vector<Token>& b) {
  if (a.empty() && b.empty()) return 1;
  return 2 * static_cast<double>(common(a, b)) / static_cast<double>(a.size() + b.size());
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (char c : text) {
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::vector<char> letters_of(std::string_view text) {
  std::vector<char> letters;
  for (const auto& word : words_of(text)) {
    if (!letters.empty()) letters.push_back(' ');
    letters.insert(letters.end(), word.begin(), word.end());
  }
  return letters;
}

}  // namespace

double likeness_of_letters(std::string_view a, std::string_view b) { return likeness(letters_of(a), letters_of(b)); }
double likeness_of_words(std::string_view a, std::string_view b) { return likeness(words_of(a), words_of(b)); }

}  // namespace loom
