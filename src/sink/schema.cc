#include "sink/schema.h"

#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "loom/json.h"
#include "sink/sql_text.h"
#include "sink/types.h"

namespace loom::sink {
namespace {

using model::ColumnType;

ColumnType guessed_type(const model::TopicMapping& mapping, const std::string& column, const std::string& source) {
  auto transform = mapping.transforms.find(column);
  if (transform != mapping.transforms.end()) {
    if (transform->second == model::Transform::base64_decode) return ColumnType::bytes;
    if (transform->second == model::Transform::timestamp_parse) return ColumnType::timestamp;
    return ColumnType::string;
  }
  for (const auto& standard : model::standard_columns())
    if (standard.name == source) return standard.type;
  if (source == "data" || source == "metadata" || source == "results") return ColumnType::json;
  return ColumnType::string;
}

void add_column(TablePlan& table, WantedColumn wanted) {
  for (auto& column : table.columns) {
    if (column.name != wanted.name) continue;
    if (wanted.mapped && (!column.mapped || wanted.declared)) column.type = wanted.type;
    column.not_null = column.not_null && wanted.not_null;
    column.mapped |= wanted.mapped;
    column.declared |= wanted.declared;
    return;
  }
  table.columns.push_back(std::move(wanted));
}

void add_mapped(TablePlan& table, const model::TopicMapping& mapping, const std::string& column,
                const std::string& source) {
  auto declared = mapping.types.find(column);
  bool is_declared = declared != mapping.types.end();
  add_column(table, {column, is_declared ? declared->second : guessed_type(mapping, column, source), false, true,
                     is_declared});
}

void merge(TablePlan& table, const model::TopicMapping& mapping) {
  for (const auto& standard : model::standard_columns())
    add_column(table, {std::string(standard.name), standard.type, !standard.nullable, false, false});
  for (const auto& field : mapping.fields) add_mapped(table, mapping, field.column, field.source);
  for (const auto& [column, constant] : mapping.defaults) add_mapped(table, mapping, column, "");
  for (const auto& [column, type] : mapping.types)
    if (mapping.shortest) add_column(table, {column, type, false, true, true});
  if (mapping.shortest)
    for (const char* name : {"data", "metadata", "results"})
      add_column(table, {name, ColumnType::json, false, false, false});
}

std::size_t topics_of(const std::vector<model::TopicMapping>& mappings, const TableName& table) {
  return static_cast<std::size_t>(
      std::count_if(mappings.begin(), mappings.end(), [&](const auto& mapping) { return mapping.table == table; }));
}

bool is_filled(const model::TopicMapping& mapping, const std::string& column) {
  if (mapping.shortest || standard_of(column) != Standard::none || mapping.defaults.contains(column)) return true;
  return std::any_of(mapping.fields.begin(), mapping.fields.end(),
                     [&](const auto& field) { return field.column == column; });
}

}  // namespace

std::vector<std::string> key_of(const model::Mappings& mappings, const model::TopicMapping& mapping) {
  bool usable = !mapping.key.empty() && std::all_of(mapping.key.begin(), mapping.key.end(),
                                                    [&](const auto& column) { return is_filled(mapping, column); });
  auto is_shared = topics_of(model::all_mappings(mappings), mapping.table) > 1;
  auto key = usable ? mapping.key : std::vector<std::string>{"message_id", "part"};
  bool is_element = std::any_of(mapping.fields.begin(), mapping.fields.end(),
                                [](const auto& field) { return field.source == model::sequence_source; });
  if (is_shared && (!usable || is_element)) key.emplace_back("kafka_topic");
  return key;
}

std::vector<TablePlan> wanted_tables(const model::Mappings& mappings) {
  std::map<TableName, TablePlan> tables;
  auto every = model::all_mappings(mappings);
  for (const auto& mapping : every) {
    auto& table = tables[mapping.table];
    table.table = mapping.table;
    merge(table, mapping);
    auto key = key_of(mappings, mapping);
    if (std::find(table.keys.begin(), table.keys.end(), key) == table.keys.end()) table.keys.push_back(key);
    for (const auto& column : key)
      if (standard_of(column) == Standard::none) add_mapped(table, mapping, column, "");
  }
  std::vector<TablePlan> all;
  for (auto& [name, table] : tables) {
    for (const auto& column : table.keys.front())
      for (auto& wanted : table.columns)
        if (wanted.name == column && topics_of(every, name) == 1) wanted.not_null = true;
    all.push_back(std::move(table));
  }
  return all;
}

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string to;
  for (const auto& name : names) to += (to.empty() ? "" : ", ") + name;
  return to;
}

Change fault(const TableName& table, std::string text, std::string remedy) {
  return {Change::Kind::fault, table, std::move(text), std::move(remedy), {}, true};
}

std::string definition(const WantedColumn& column, Dialect dialect) {
  return quoted_name(column.name) + " " + std::string(ddl_type(column.type, dialect)) +
         (column.not_null ? " NOT NULL" : "");
}

Change create_table(const TablePlan& wanted, Dialect dialect) {
  std::string sql = "CREATE TABLE IF NOT EXISTS " + quoted_name(wanted.table.get()) + " (";
  for (const auto& column : wanted.columns) sql += definition(column, dialect) + ", ";
  sql += "PRIMARY KEY (" + quoted_names(wanted.keys.front()) + ")";
  for (std::size_t i = 1; i < wanted.keys.size(); ++i) sql += ", UNIQUE (" + quoted_names(wanted.keys[i]) + ")";
  auto text = "create table '" + wanted.table.get() + "' (" + std::to_string(wanted.columns.size()) + " columns, key " +
              joined(wanted.keys.front()) + ")";
  return {Change::Kind::create_table, wanted.table, std::move(text), "", {sql + ")"}, false};
}

Change add_column_change(const TableName& table, const WantedColumn& column, Dialect dialect) {
  auto type = std::string(ddl_type(column.type, dialect));
  auto sql = "ALTER TABLE " + quoted_name(table.get()) + " ADD COLUMN " + quoted_name(column.name) + " " + type;
  return {Change::Kind::add_column,
          table,
          "add column '" + column.name + "' (" + type + ") to table '" + table.get() + "'",
          "",
          {sql},
          false};
}

Change add_index(const TableName& table, const std::vector<std::string>& key) {
  auto name = "loom_key_" + sha256_hex(table.get() + "\n" + joined(key)).substr(0, 16);
  auto sql = "CREATE UNIQUE INDEX IF NOT EXISTS " + quoted_name(name) + " ON " + quoted_name(table.get()) + " (" +
             quoted_names(key) + ")";
  return {Change::Kind::add_unique_index,
          table,
          "add unique index on (" + joined(key) + ") of table '" + table.get() + "'",
          "",
          {sql},
          false};
}

const LiveColumn* find(const LiveTable& live, std::string_view name, Dialect dialect) {
  for (const auto& column : live.columns)
    if (same_name(column.name, name, dialect)) return &column;
  return nullptr;
}

bool has_index(const LiveTable& live, const std::vector<std::string>& key, Dialect dialect) {
  return std::any_of(live.unique.begin(), live.unique.end(),
                     [&](const auto& index) { return covers(index, key, dialect); });
}

std::optional<Change> type_fault(const TableName& table, const WantedColumn& wanted, const LiveColumn& live) {
  auto place = "column '" + live.name + "' of table '" + table.get() + "' is " + live.native;
  if (!live.type)
    return fault(table, place + ", a type that Loom cannot write",
                 "take it out of the mapping, or give it a type such as text or timestamptz");
  if (!wanted.declared || fits(wanted.type, *live.type)) return std::nullopt;
  return fault(table, place + ", data_types says " + std::string(name_of(wanted.type)),
               "change data_types or the column");
}

bool in_key(const TablePlan& wanted, const std::string& column) {
  return std::any_of(wanted.keys.begin(), wanted.keys.end(),
                     [&](const auto& key) { return std::find(key.begin(), key.end(), column) != key.end(); });
}

}  // namespace

std::vector<Change> plan(const TablePlan& wanted, const std::optional<LiveTable>& live, Dialect dialect) {
  std::vector<Change> changes;
  if (!live) {
    changes.push_back(create_table(wanted, dialect));
    return changes;
  }
  for (const auto& column : wanted.columns) {
    if (!column.mapped && !in_key(wanted, column.name)) continue;
    const auto* there = find(*live, column.name, dialect);
    if (!there) {
      changes.push_back(add_column_change(wanted.table, column, dialect));
    } else if (auto wrong = type_fault(wanted.table, column, *there)) {
      changes.push_back(std::move(*wrong));
    }
  }
  for (const auto& key : wanted.keys)
    if (!has_index(*live, key, dialect)) changes.push_back(add_index(wanted.table, key));
  return changes;
}

Result<std::vector<Change>> plan_tables(Database& database, const model::Mappings& mappings) {
  std::vector<Change> all;
  for (const auto& wanted : wanted_tables(mappings)) {
    auto live = database.describe(wanted.table);
    if (!live) return tl::unexpected(live.error());
    for (auto& change : plan(wanted, *live, database.dialect())) all.push_back(std::move(change));
  }
  return all;
}

Result<std::vector<Change>> apply_tables(Database& database, const model::Mappings& mappings) {
  // Asked once here, `loom_offsets` is made with the tables: the sink's own role then needs no right to create.
  if (auto offsets = database.read_offsets({}, {}); !offsets) return tl::unexpected(offsets.error());
  constexpr int tries = 3;  // somebody else may apply the same plan at the same time
  for (int left = tries;; --left) {
    auto changes = plan_tables(database, mappings);
    if (!changes) return changes;
    std::vector<std::string> statements;
    for (const auto& change : *changes) {
      if (change.is_fault)
        return fail(ErrorKind::schema, change.text, {.field = change.table.get(), .remedy = change.remedy});
      statements.insert(statements.end(), change.sql.begin(), change.sql.end());
    }
    if (statements.empty()) return changes;
    auto done = database.apply(statements);
    if (done) return changes;
    if (left == 1) return tl::unexpected(done.error());
  }
}

}  // namespace loom::sink
