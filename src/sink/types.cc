#include "sink/types.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace loom::sink {
namespace {

using model::ColumnType;

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view ddl_type(ColumnType type, Dialect dialect) {
  bool sqlite = dialect == Dialect::sqlite;
  switch (type) {  // SQLite: the word TEXT gives text affinity, so that nothing is turned into a number
    case ColumnType::string:
      return sqlite ? "TEXT" : "text";
    case ColumnType::integer:
      return sqlite ? "INTEGER" : "bigint";
    case ColumnType::floating:
      return sqlite ? "REAL" : "double precision";
    case ColumnType::boolean:
      return sqlite ? "BOOLEAN" : "boolean";
    case ColumnType::timestamp:
      return sqlite ? "TIMESTAMP TEXT" : "timestamptz";
    case ColumnType::array:
      return sqlite ? "ARRAY TEXT" : "text[]";
    case ColumnType::float_array:
      return sqlite ? "FLOAT_ARRAY TEXT" : "double precision[]";
    case ColumnType::json:
      return sqlite ? "JSON TEXT" : "jsonb";
    case ColumnType::bytes:
      return sqlite ? "BLOB" : "bytea";
    case ColumnType::uuid:
      return sqlite ? "UUID TEXT" : "uuid";
  }
  return "text";
}

ColumnType sqlite_type(std::string_view declared) {
  std::string lower(declared);
  std::transform(lower.begin(), lower.end(), lower.begin(), folded);
  static constexpr std::array<std::pair<std::string_view, ColumnType>, 17> words{{
      {"uuid", ColumnType::uuid},
      {"json", ColumnType::json},
      {"timestamp", ColumnType::timestamp},
      {"datetime", ColumnType::timestamp},
      {"bool", ColumnType::boolean},
      {"float_array", ColumnType::float_array},
      {"array", ColumnType::array},
      {"int", ColumnType::integer},
      {"char", ColumnType::string},
      {"clob", ColumnType::string},
      {"text", ColumnType::string},
      {"blob", ColumnType::bytes},
      {"real", ColumnType::floating},
      {"floa", ColumnType::floating},
      {"doub", ColumnType::floating},
      {"num", ColumnType::floating},
      {"dec", ColumnType::floating},
  }};
  for (const auto& [word, type] : words)
    if (lower.find(word) != std::string::npos) return type;
  return ColumnType::string;
}

std::optional<ColumnType> postgres_type(std::string_view typname) {
  static constexpr std::array<std::pair<std::string_view, ColumnType>, 24> names{{
      {"text", ColumnType::string},         {"varchar", ColumnType::string},
      {"bpchar", ColumnType::string},       {"citext", ColumnType::string},
      {"int2", ColumnType::integer},        {"int4", ColumnType::integer},
      {"int8", ColumnType::integer},        {"float4", ColumnType::floating},
      {"float8", ColumnType::floating},     {"numeric", ColumnType::floating},
      {"bool", ColumnType::boolean},        {"timestamptz", ColumnType::timestamp},
      {"timestamp", ColumnType::timestamp}, {"uuid", ColumnType::uuid},
      {"jsonb", ColumnType::json},          {"json", ColumnType::json},
      {"bytea", ColumnType::bytes},         {"_text", ColumnType::array},
      {"_varchar", ColumnType::array},      {"_float4", ColumnType::float_array},
      {"_float8", ColumnType::float_array}, {"enum", ColumnType::string},
      {"name", ColumnType::string},         {"_bpchar", ColumnType::array},
  }};
  for (const auto& [name, type] : names)
    if (name == typname) return type;
  return std::nullopt;
}

bool same_name(std::string_view a, std::string_view b, Dialect dialect) {
  if (dialect == Dialect::postgres) return a == b;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return folded(x) == folded(y); });
}

bool covers(const UniqueIndex& index, const std::vector<std::string>& key, Dialect dialect) {
  return index.columns.size() == key.size() && std::all_of(key.begin(), key.end(), [&](const auto& column) {
           return std::any_of(index.columns.begin(), index.columns.end(),
                              [&](const auto& other) { return same_name(other, column, dialect); });
         });
}

bool fits(ColumnType wanted, ColumnType live) {
  if (wanted == live) return true;
  switch (live) {
    case ColumnType::string:
      return wanted != ColumnType::bytes;
    case ColumnType::json:
      return wanted != ColumnType::bytes;
    case ColumnType::floating:
      return wanted == ColumnType::integer;
    case ColumnType::timestamp:
    case ColumnType::uuid:
      return wanted == ColumnType::string;
    default:
      return false;
  }
}

}  // namespace loom::sink
