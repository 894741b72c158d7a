// Which dead letters a command means: every condition that is given must hold. Pure; any thread.
//   wants({.kind = "invalid_value", .field = "n"}, letter, record)
#pragma once

#include <optional>
#include <string>

#include "books/letter.h"

namespace loom::books {

struct Filter {
  std::optional<std::string> kind{}, code{}, field{};  // the cause; field is the column or the dotted path
  std::optional<std::string> topic{}, key{};           // the origin's
  std::optional<std::string> message_id{};
  std::optional<Place> place{};                          // of the letter, or of its origin
  std::optional<std::int64_t> since_ms{}, until_ms{};  // when the letter was written; `until` itself is not in

  [[nodiscard]] bool is_empty() const {
    return !kind && !code && !field && !topic && !key && !message_id && !place && !since_ms && !until_ms;
  }
};
[[nodiscard]] bool wants(const Filter& filter, const Letter& letter, const model::Record& record);

}  // namespace loom::books
