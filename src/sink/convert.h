// One JSON value into one column's type, or why not. Pure. Nothing is rounded, cut or guessed.
#pragma once

#include <string_view>

#include "loom/error.h"
#include "loom/json.h"
#include "sink/table.h"

namespace loom::sink {

struct Source {
  std::string_view path;                // for the message: "data.latitude"
  json::Value value;                    // not null
  std::optional<std::string_view> raw;  // its text as sent, where it is known
};

/// A value that its kind rules out (text that is no number for a float) lets the next source try; one that only its
/// size or form rules out (1.5 for an integer) does not.
struct Refusal {
  bool wrong_kind = false;
  Error error;
};
[[nodiscard]] tl::expected<Cell, Refusal> convert(const BoundColumn& column, const Source& source);

[[nodiscard]] bool has_nul(std::string_view text);
/// "a float", "an integer", for messages.
[[nodiscard]] std::string_view with_article(model::ColumnType type);
/// For identifiers and messages: quoted, cut at 40 characters.
[[nodiscard]] std::string excerpt(std::string_view text);

}  // namespace loom::sink
