// How alike two texts are, 0 to 1: what they have in common in the same order, counted twice, over both lengths. 1 is
// the same, also for two empty texts. White space of any kind and length is one space. Pure; about |a|·|b|/64 steps.
//   likeness_of_letters("ask not", "ask what")   likeness_of_words("ask not", "ask what") == 0.5
#pragma once

#include <string_view>

namespace loom {

[[nodiscard]] double likeness_of_letters(std::string_view a, std::string_view b);  // bytes of UTF-8
[[nodiscard]] double likeness_of_words(std::string_view a, std::string_view b);    // case and punctuation count

}  // namespace loom
