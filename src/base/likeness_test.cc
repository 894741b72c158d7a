#include "base/likeness.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace loom {
namespace {

TEST(Likeness, OfKnownTexts) {
  EXPECT_EQ(likeness_of_letters("", ""), 1);
  EXPECT_EQ(likeness_of_letters("a", ""), 0);
  EXPECT_EQ(likeness_of_letters("abc", "abc"), 1);
  EXPECT_EQ(likeness_of_letters("abcd", "abxd"), 0.75);
  EXPECT_EQ(likeness_of_letters("a  b\n\tc ", "a b c"), 1);
  EXPECT_EQ(likeness_of_words("ask not", "ask what"), 0.5);
  EXPECT_EQ(likeness_of_words("one two three", "two"), 0.5);
  EXPECT_EQ(likeness_of_words(" ", "\n"), 1);
}

/// By the table that everybody knows.
double slow(const std::string& a, const std::string& b) {
  std::vector<std::vector<int>> table(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j)
      table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : std::max(table[i - 1][j], table[i][j - 1]);
  return 2.0 * table[a.size()][b.size()] / static_cast<double>(a.size() + b.size());
}

TEST(Likeness, IsTheTablesOnAnyTexts) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string texts[2];
    for (auto& text : texts) {
      text.resize(1 + random() % 200);
      for (auto& letter : text) letter = static_cast<char>('a' + random() % (1 + round % 5));
    }
    ASSERT_DOUBLE_EQ(likeness_of_letters(texts[0], texts[1]), slow(texts[0], texts[1])) << texts[0] << " " << texts[1];
  }
}

}  // namespace
}  // namespace loom
