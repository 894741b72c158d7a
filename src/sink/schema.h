// The tables that the mappings want, what is missing in the database, and how a topic's records fill a table. The plan
// is pure; `plan_tables` and `apply_tables` only read the live tables and run it. Nothing here drops or alters a
// column.
//   auto plan = plan_tables(database, mappings);  for (auto& change : *plan) puts(change.text)
//   apply_tables(database, mappings);             // returns what was done; faults are errors
#pragma once

#include <string>
#include <vector>

#include "loom/error.h"
#include "sink/database.h"
#include "sink/table.h"

namespace loom::sink {

struct WantedColumn {
  std::string name;
  model::ColumnType type = model::ColumnType::string;
  bool not_null = false;
  bool mapped = false;    // by field_mappings: an existing table must have it
  bool declared = false;  // its type stands in data_types
};

/// One table, merged from every mapping that feeds it.
struct TablePlan {
  TableName table;
  std::vector<WantedColumn> columns;
  std::vector<std::vector<std::string>> keys;  // one for each way that a topic tells its rows apart
};
[[nodiscard]] std::vector<TablePlan> wanted_tables(const model::Mappings& mappings);

/// Key columns of one mapping: its upsert_key when every column has a source, else the identity (message_id, part),
/// with the source topic where several topics feed the table.
[[nodiscard]] std::vector<std::string> key_of(const model::Mappings& mappings, const model::TopicMapping& mapping);

struct Change {
  enum class Kind { create_table, add_column, add_unique_index, fault };
  Kind kind = Kind::fault;
  TableName table;
  std::string text;    // "create table 'x' (15 columns, key message_id, part)"
  std::string remedy;  // of a fault
  std::vector<std::string> sql;
  bool is_fault = false;
};
[[nodiscard]] std::vector<Change> plan(const TablePlan& wanted, const std::optional<LiveTable>& live, Dialect dialect);

[[nodiscard]] Result<std::vector<Change>> plan_tables(Database& database, const model::Mappings& mappings);
/// Errors: schema for the first fault; nothing is changed then.
Result<std::vector<Change>> apply_tables(Database& database, const model::Mappings& mappings);

/// Errors: schema, naming table, column and remedy.
[[nodiscard]] Result<Binding> bind(const model::Mappings& mappings, const model::TopicMapping& mapping,
                                   const LiveTable& live, Dialect dialect);

}  // namespace loom::sink
