// Two groups' results of the same messages, side by side. Pure: results go in in any order, from both output topics;
// what each identity has of both comes out, the least alike first. Memory is bounded: of more identities than `most`,
// those with the smallest hashes are kept, so that both sides keep the same ones. Threads: one.
//   Comparison all(5000);  all.add(0, id, read_answer(result));  all.add(1, id, answer);  for (auto& pair : all.pairs()) …
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loom/envelope.h"

namespace loom::app {

/// What one group made of a message.
struct Answer {
  std::optional<std::string> text;            // at most longest_text bytes of it
  std::optional<double> took_ms;
  std::map<std::string, std::string> fields;  // other scalars: raw JSON by name
};
inline constexpr std::size_t longest_text = 4096;
/// From the object under results.<group>.
[[nodiscard]] Answer read_answer(const json::Value& result);

enum class End { none, dropped, dead, answered };  // a later one in this order wins

struct Side {
  End end = End::none;
  Answer answer;
};
struct Pair {
  Identity identity;
  std::array<Side, 2> sides;
  [[nodiscard]] bool is_both() const { return sides[0].end == End::answered && sides[1].end == End::answered; }
  std::optional<double> letters{}, words{};  // how alike the texts are
  std::vector<std::string> differing{};      // fields
};

struct FieldAgreement {
  std::size_t both = 0, equal = 0;
  std::optional<double> mean_difference{};  // of numbers
};
struct Comparisons {
  std::size_t messages = 0, both = 0;
  std::array<std::size_t, 2> only{}, dead{}, dropped{};  // by side; only: the other has nothing at all
  std::optional<double> letters{}, words{};              // means
  std::array<std::optional<double>, 2> took_ms{};        // means over the messages that both answered
  std::map<std::string, FieldAgreement> fields;
  std::vector<Pair> pairs;  // both answered, the least alike first
};

class Comparison {
 public:
  explicit Comparison(std::size_t most) : most_(most) {}
  void add(std::size_t side, const Identity& identity, Answer answer);
  void add(std::size_t side, const Identity& identity, End end);
  [[nodiscard]] bool is_sample() const { return is_sample_; }
  [[nodiscard]] Comparisons compare() const;

 private:
  Side* side_of(std::size_t side, const Identity& identity);

  std::size_t most_;
  bool is_sample_ = false;
  std::map<std::pair<std::size_t, Identity>, std::array<Side, 2>> kept_;  // by hash
};

}  // namespace loom::app
