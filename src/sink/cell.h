// One value of one column, and a row of them. Values: a row owns its bytes and outlives the record it came from.
//   Row row{.cells = {Cell{Uuid{bytes}}, Cell{Text{"phone-1"}}, Cell{std::int64_t{3}}, Cell{Null{}}}};
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "loom/envelope.h"

namespace loom::sink {

using Null = std::monostate;
struct Text {
  std::string value;  // UTF-8 without NUL
  friend auto operator<=>(const Text&, const Text&) = default;
};
struct Blob {
  std::string value;
  friend auto operator<=>(const Blob&, const Blob&) = default;
};
struct Timestamp {
  Micros value = 0;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};
struct Json {
  std::string value;  // valid JSON text
  friend auto operator<=>(const Json&, const Json&) = default;
};
struct Uuid {
  UuidBytes value{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};
struct TextArray {
  std::vector<std::optional<std::string>> values;
  friend auto operator<=>(const TextArray&, const TextArray&) = default;
};
struct FloatArray {
  std::vector<double> values;
  friend auto operator<=>(const FloatArray&, const FloatArray&) = default;
};
using Cell = std::variant<Null, bool, std::int64_t, double, Text, Blob, Timestamp, Json, Uuid, TextArray, FloatArray>;

[[nodiscard]] inline bool is_null(const Cell& cell) { return std::holds_alternative<Null>(cell); }

/// Cells in the order of the binding's columns (table.h).
struct Row {
  std::vector<Cell> cells;
};

}  // namespace loom::sink
