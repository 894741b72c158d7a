// Cells in PostgreSQL's binary COPY format, and as text for parameters. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loom/error.h"
#include "sink/table.h"

namespace loom::sink::postgres {

/// What the column's live type wants; made once a batch from BoundColumn::native.
enum class Wire {
  text,
  int2,
  int4,
  int8,
  float4,
  float8,
  numeric,
  boolean,
  timestamp,
  uuid,
  json,
  jsonb,
  bytea,
  text_array,
  varchar_array,
  bpchar_array,
  float4_array,
  float8_array,
};
[[nodiscard]] std::vector<Wire> wires_of(const Binding& binding);

inline constexpr std::string_view copy_header{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
inline constexpr std::string_view copy_trailer{"\377\377", 2};

/// Appends one tuple. Errors: invalid_value (code 22003: out of the column's range); `to` is then as before.
Result<void> encode_row(std::string& to, const Binding& binding, const std::vector<Wire>& wires, const Row& row);

/// "{…}": one column of several rows, for `= ANY` and `unnest`.
[[nodiscard]] std::string array_literal(const std::vector<const Cell*>& cells);

/// A cell as the server would print it.
[[nodiscard]] std::string as_text(const Cell& cell);

}  // namespace loom::sink::postgres
