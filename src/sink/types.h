// Column types in each database's words, both ways. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "sink/table.h"

namespace loom::sink {

/// For CREATE TABLE and ADD COLUMN.
[[nodiscard]] std::string_view ddl_type(model::ColumnType type, Dialect dialect);

/// SQLite: of a declared type, which may be anything.
[[nodiscard]] model::ColumnType sqlite_type(std::string_view declared);
/// PostgreSQL: of pg_type.typname; nullopt where there is no encoder.
[[nodiscard]] std::optional<model::ColumnType> postgres_type(std::string_view typname);

/// Names as the database compares them: SQLite folds ASCII case.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b, Dialect dialect);

/// Does the unique index stand on exactly these columns, in any order?
[[nodiscard]] bool covers(const UniqueIndex& index, const std::vector<std::string>& key, Dialect dialect);

/// May values that the mapping declares as `wanted` fill a column that is `live`?
[[nodiscard]] bool fits(model::ColumnType wanted, model::ColumnType live);

}  // namespace loom::sink
