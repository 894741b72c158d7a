#include "sink/row_finder.h"

#include <algorithm>

#include "base/clock.h"
#include "loom/json.h"
#include "sink/classify.h"
#include "sink/postgres/encode.h"
#include "sink/schema.h"
#include "sink/sql_text.h"

namespace loom::sink {
namespace {

constexpr std::size_t most_ids = 500;         // a query
constexpr std::size_t most_conditions = 200;  // SQLite takes 500 parts of a UNION

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string to;
  for (unsigned char byte : bytes) (to += digits[byte >> 4]) += digits[byte & 15];
  return to;
}

FoundRows found(const std::vector<std::optional<std::string>>& cells, std::size_t first) {
  return {cells[first].value_or(""), cells[first + 1].value_or(""), cells[first + 2].value_or(""),
          std::stoll(cells[first + 3].value_or("0"))};
}

}  // namespace

Result<Binding> binding_for_reading(const model::Mappings& mappings, const model::TopicMapping& mapping, LiveTable live,
                                    Dialect dialect) {
  live.unique.push_back({"assumed", key_of(mappings, mapping)});
  return bind(mappings, mapping, live, dialect);
}

std::string literal_of(const Cell& cell, const BoundColumn& column, Dialect dialect) {
  if (const auto* blob = std::get_if<Blob>(&cell))
    return dialect == Dialect::sqlite ? "x'" + hex_of(blob->value) + "'" : "'\\x" + hex_of(blob->value) + "'::bytea";
  if (dialect == Dialect::postgres) {
    auto literal = quoted_text(postgres::as_text(cell));
    return column.sql_type.empty() ? literal : literal + "::" + column.sql_type;
  }
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "1" : "0";
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&cell)) {
    std::string text;
    json::append_number(text, *number);
    return text;
  }
  return quoted_text(postgres::as_text(cell));
}

std::string RowFinder::column(std::optional<std::size_t> index) const {
  return index ? quoted_name(binding_.columns[*index].name) : "NULL";
}

bool RowFinder::is_by_identity() const {
  auto has = [&](Standard wanted) {
    return std::any_of(binding_.key.begin(), binding_.key.end(),
                       [&](auto index) { return binding_.columns[index].standard == wanted; });
  };
  auto is_of_identity = [&](std::size_t index) {
    auto standard = binding_.columns[index].standard;
    return standard == Standard::message_id || standard == Standard::part || standard == Standard::kafka_topic ||
           standard == Standard::sequence;
  };
  return has(Standard::message_id) && has(Standard::part) &&
         std::all_of(binding_.key.begin(), binding_.key.end(), is_of_identity);
}

/// Where topics share a table, each has rows of its own.
std::string RowFinder::own_topic() const {
  for (auto index : binding_.key)
    if (binding_.columns[index].standard == Standard::kafka_topic)
      return " AND " + quoted_name(binding_.columns[index].name) + " = " + quoted_text(binding_.topic.get());
  return "";
}

Result<std::vector<FoundRows>> RowFinder::by_identity(std::span<const std::string> ids) {
  std::vector<FoundRows> all;
  auto name = column(binding_.message_id);
  auto select = "SELECT " + name + ", " + column(binding_.part) + ", " + column(binding_.fingerprint) +
                ", count(*) FROM " + quoted_name(binding_.table.get()) + " WHERE " + name + " IN (";
  for (std::size_t start = 0; start < ids.size(); start += most_ids) {
    std::string list;
    for (const auto& id : ids.subspan(start, std::min(most_ids, ids.size() - start)))
      list += (list.empty() ? "" : ",") + quoted_text(id);
    auto rows = database_.query(select + list + ")" + own_topic() + " GROUP BY 1, 2, 3");
    if (!rows) return tl::unexpected(rows.error());
    for (const auto& cells : rows->rows) all.push_back(found(cells, 0));
  }
  return all;
}

std::string RowFinder::condition_of(const Row& row) const {
  std::string all;
  for (auto index : binding_.key) {
    const auto& bound = binding_.columns[index];
    if (is_null(row.cells[index])) return "";
    all += (all.empty() ? "" : " AND ") + quoted_name(bound.name) + " = " +
           literal_of(row.cells[index], bound, database_.dialect());
  }
  return all;
}

Result<std::vector<std::vector<FoundRows>>> RowFinder::by_condition(std::span<const std::string> conditions) {
  std::vector<std::vector<FoundRows>> all(conditions.size());
  for (std::size_t start = 0; start < conditions.size(); start += most_conditions) {
    auto count = std::min(conditions.size() - start, most_conditions);
    auto done = ask(conditions.subspan(start, count), std::span(all).subspan(start, count));
    if (!done) return tl::unexpected(done.error());
  }
  return all;
}

/// One query. A key that its column cannot take has no row there: halving finds it.
Result<void> RowFinder::ask(std::span<const std::string> conditions, std::span<std::vector<FoundRows>> found_rows) {
  auto columns = column(binding_.message_id) + ", " + column(binding_.part) + ", " + column(binding_.fingerprint);
  if (database_.dialect() == Dialect::postgres)  // parts of a UNION must agree
    columns = "CAST(" + column(binding_.message_id) + " AS text), CAST(" + column(binding_.part) + " AS text), CAST(" +
              column(binding_.fingerprint) + " AS text)";
  std::string sql;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (conditions[i].empty()) continue;
    sql += (sql.empty() ? "SELECT " : " UNION ALL SELECT ") + std::to_string(i) + ", " + columns +
           ", count(*) FROM " + quoted_name(binding_.table.get()) + " WHERE " + conditions[i] + " GROUP BY 2, 3, 4";
  }
  if (sql.empty()) return {};
  auto rows = database_.query(sql);
  if (!rows && rows.error().kind == ErrorKind::invalid_value) {
    if (conditions.size() == 1) return {};
    auto half = conditions.size() / 2;
    if (auto first = ask(conditions.first(half), found_rows.first(half)); !first) return first;
    return ask(conditions.subspan(half), found_rows.subspan(half));
  }
  if (!rows) return tl::unexpected(rows.error());
  for (const auto& cells : rows->rows) found_rows[std::stoul(cells[0].value_or("0"))].push_back(found(cells, 1));
  return {};
}

}  // namespace loom::sink
