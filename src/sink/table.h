// A table as it is (LiveTable, read from the database) and as one topic fills it (Binding, made by `bind` in schema.h).
// Values; read-only once made, so any thread may look.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/mapping.h"
#include "sink/cell.h"

namespace loom::sink {

enum class Dialect { sqlite, postgres };

struct LiveColumn {
  std::string name;
  std::string native;                     // the database's own word: "int4", "_float8", "TIMESTAMP TEXT"
  std::string sql_type;                   // for casts: "timestamp with time zone"
  std::optional<model::ColumnType> type;  // absent: no encoder for the native type
  bool not_null = false;
  bool has_default = false;
  bool generated = false;  // the database fills it: never written
  bool decimal = false;    // holds whole numbers of any size exactly (numeric)
};

struct UniqueIndex {
  std::string name;
  std::vector<std::string> columns;
};

struct LiveTable {
  TableName name;
  std::vector<LiveColumn> columns;
  std::vector<UniqueIndex> unique;  // whole ones only: no partial indexes, no expressions
};

/// What a standard column holds (model::standard_columns names them).
enum class Standard {
  none,
  message_id,
  part,
  device_id,
  message_type,
  pipeline_hint,
  trace_id,
  recorded_at,
  timestamp,
  kafka_topic,
  kafka_partition,
  kafka_offset,
  fingerprint,
  sequence,  // of an array's element
};
[[nodiscard]] Standard standard_of(std::string_view column);

struct BoundColumn {
  std::string name;
  std::string native;
  std::string sql_type;
  model::ColumnType type = model::ColumnType::string;  // what the values are converted to
  bool decimal = false;
  bool not_null = false;
  bool has_default = false;  // a row without a value leaves the column to the database
  Standard standard = Standard::none;
  std::vector<std::string> paths{};  // sources, first wins
  std::string foreign_path{};        // where foreign records keep what this standard column holds (`defaults`)
  bool by_name = false;              // also results.*.<name>, the last stage's first
  bool rest = false;                 // JSON of everything that no other column took
  model::Transform transform = model::Transform::none;
  std::optional<Cell> fallback{};  // the mapping's default
};

/// How the records of one topic become rows of one table.
struct Binding {
  TopicName topic;
  TableName table;
  std::vector<BoundColumn> columns;
  std::vector<std::string> required;  // source paths
  std::vector<std::size_t> key;       // indexes of columns; a unique index covers exactly these
  std::optional<std::size_t> message_id, part, fingerprint;
  model::OnConflict on_conflict = model::OnConflict::ignore;
};

}  // namespace loom::sink
