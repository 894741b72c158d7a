// How many elements of a sequence are wrong, for tests and `make accuracy`: to be changed, added or taken away.
//   errors_between(words_heard, words_said); errors_between(std::string("abc"), std::string("abd")) == 1
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace loom::test {

template <class Sequence>
std::size_t errors_between(const Sequence& a, const Sequence& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace loom::test
