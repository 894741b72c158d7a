#include "sink/sqlite/writer.h"

#include <algorithm>

#include "sink/sql_text.h"

namespace loom::sink::sqlite {
namespace {

std::vector<std::string> names_of(const Binding& binding, const std::vector<std::size_t>& indexes) {
  std::vector<std::string> names;
  for (auto index : indexes) names.push_back(binding.columns[index].name);
  return names;
}

std::string insert_sql(const Binding& binding) {
  std::vector<std::string> names;
  std::string places;
  for (const auto& column : binding.columns) {
    names.push_back(column.name);
    places += places.empty() ? "?" : ",?";
  }
  return "INSERT INTO " + quoted_name(binding.table.get()) + " (" + quoted_names(names) + ") VALUES (" + places +
         ") ON CONFLICT (" + quoted_names(names_of(binding, binding.key)) + ") DO NOTHING";
}

bool in_key(const Binding& binding, std::size_t index) {
  return std::find(binding.key.begin(), binding.key.end(), index) != binding.key.end();
}

}  // namespace

RowWriter::RowWriter(Connection& connection, const Binding& binding)
    : connection_(connection), binding_(binding), insert_(insert_sql(binding)) {}

Result<RowWriter::Fate> RowWriter::write(const Row& row) {
  if (!prepared_insert_) {
    auto statement = connection_.prepared(insert_);
    if (!statement) return tl::unexpected(statement.error());
    prepared_insert_ = *statement;
  }
  {
    Use use(prepared_insert_);
    for (std::size_t i = 0; i < row.cells.size(); ++i) use.bind(static_cast<int>(i + 1), row.cells[i]);
    auto bad = run(use);
    if (!bad) return tl::unexpected(bad.error());
    if (*bad) return Fate{RowOutcome::dead, std::move(**bad)};
  }
  if (connection_.changes() == 1) return Fate{};
  return settle_clash(row);
}

/// Runs a writing statement: nothing, or what is wrong with this row.
Result<std::optional<Error>> RowWriter::run(Use& use) {
  int code = use.step();
  if (code == SQLITE_DONE) return std::optional<Error>{};
  auto error = error_of(connection_.get(), code);
  if (error.kind != ErrorKind::invalid_value || sqlite3_get_autocommit(connection_.get()) != 0) {
    if (error.kind == ErrorKind::invalid_value)
      error.kind = ErrorKind::schema;  // a trigger that rolls back takes all with it
    return tl::unexpected(std::move(error));
  }
  return std::optional<Error>{std::move(error)};
}

std::string RowWriter::key_condition(std::size_t first_parameter) const {
  std::string sql = " WHERE ";
  for (std::size_t i = 0; i < binding_.key.size(); ++i)
    sql += (i ? " AND " : "") + quoted_name(binding_.columns[binding_.key[i]].name) + " = ?" +
           std::to_string(first_parameter + i);
  return sql;
}

Result<std::optional<Existing>> RowWriter::find(const Row& row) {
  auto name = [&](std::optional<std::size_t> index) {
    return index ? quoted_name(binding_.columns[*index].name) : std::string("NULL");
  };
  auto statement = connection_.prepared("SELECT " + name(binding_.message_id) + ", " + name(binding_.part) + ", " +
                                        name(binding_.fingerprint) + " FROM " + quoted_name(binding_.table.get()) +
                                        key_condition(1));
  if (!statement) return tl::unexpected(statement.error());
  Use use(*statement);
  for (std::size_t i = 0; i < binding_.key.size(); ++i) use.bind(static_cast<int>(i + 1), row.cells[binding_.key[i]]);
  int code = use.step();
  if (code == SQLITE_DONE) return std::optional<Existing>{};
  if (code != SQLITE_ROW) return tl::unexpected(error_of(connection_.get(), code));
  return std::optional<Existing>{Existing{use.text(0), use.text(1), use.text(2)}};
}

Result<std::optional<Error>> RowWriter::overwrite(const Row& row) {
  std::string sql = "UPDATE " + quoted_name(binding_.table.get()) + " SET ";
  std::vector<std::size_t> parameters;
  for (std::size_t i = 0; i < binding_.columns.size(); ++i) {
    if (in_key(binding_, i)) continue;
    parameters.push_back(i);
    auto name = quoted_name(binding_.columns[i].name);
    auto place = "?" + std::to_string(parameters.size());
    sql += (parameters.size() > 1 ? ", " : "") + name + " = ";
    sql += binding_.on_conflict == model::OnConflict::update ? "COALESCE(" + place + ", " + name + ")" : place;
  }
  if (parameters.empty()) return std::optional<Error>{};
  auto statement = connection_.prepared(sql + key_condition(parameters.size() + 1));
  if (!statement) return tl::unexpected(statement.error());
  parameters.insert(parameters.end(), binding_.key.begin(), binding_.key.end());
  Use use(*statement);
  for (std::size_t i = 0; i < parameters.size(); ++i) use.bind(static_cast<int>(i + 1), row.cells[parameters[i]]);
  return run(use);
}

Result<RowWriter::Fate> RowWriter::settle_clash(const Row& row) {
  auto existing = find(row);
  if (!existing) return tl::unexpected(existing.error());
  if (!*existing)
    return fail(ErrorKind::schema, "table '" + binding_.table.get() + "' refuses a row whose key it does not have",
                {.remedy = "look at its triggers"});
  auto clash = classify(binding_, row, **existing);
  if (binding_.on_conflict == model::OnConflict::ignore) {
    if (clash == Clash::conflict) return Fate{RowOutcome::dead, identity_conflict(binding_, row)};
    return Fate{clash == Clash::repeated ? RowOutcome::repeated : RowOutcome::merged, std::nullopt};
  }
  auto bad = overwrite(row);
  if (!bad) return tl::unexpected(bad.error());
  if (*bad) return Fate{RowOutcome::dead, std::move(**bad)};
  return Fate{clash == Clash::repeated ? RowOutcome::repeated : RowOutcome::merged, std::nullopt};
}

}  // namespace loom::sink::sqlite
