// How far word ends are from a reference's, for tests and `make accuracy`. Words that were heard otherwise are left out.
//   std::vector<double> seconds = ends_off(transcript, *table->get("jfk.wav"));
#pragma once

#include <cctype>
#include <cmath>
#include <string>
#include <vector>

#include "loom/json.h"
#include "loom/speech.h"

namespace loom::test {

/// "cold-hearted," → {"cold", "hearted"}; "Mr." → {"mister"}.
inline std::vector<std::string> parts_of(const std::string& word) {
  std::vector<std::string> parts(1);
  for (unsigned char letter : word)
    if (std::isalpha(letter) != 0) parts.back() += static_cast<char>(std::tolower(letter));
    else if (!parts.back().empty()) parts.emplace_back();
  if (parts.back().empty()) parts.pop_back();
  if (parts == std::vector<std::string>{"mr"}) parts = {"mister"};
  return parts;
}

/// `reference`: [["and",0.63],…].
inline std::vector<double> ends_off(const Transcript& heard, json::Value reference) {
  constexpr std::size_t look_ahead = 3;
  std::vector<double> seconds;
  std::size_t next = 0;
  for (const auto& word : heard.words) {
    auto parts = parts_of(word.text);
    for (std::size_t i = 0; i < parts.size(); ++i)
      for (auto at = next; at < std::min(reference.size(), next + look_ahead); ++at) {
        auto one = *reference.at(at);
        if (one.at(0)->string() != parts[i]) continue;
        if (i + 1 == parts.size()) seconds.push_back(std::abs(word.end - one.at(1)->number().value_or(0)));
        next = at + 1;
        break;
      }
  }
  return seconds;
}

}  // namespace loom::test
