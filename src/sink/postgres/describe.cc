#include "sink/postgres/describe.h"

#include "sink/types.h"

namespace loom::sink::postgres {
namespace {

// The type is for casts: of numbers and times with their precision, which round as storing does; of strings without
// their length (-1: bpchar, where NULL says character, which is one character), or a cast would cut them.
constexpr const char* columns_sql = R"(
SELECT a.attname, CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN b.typname ELSE t.typname END,
       format_type(a.atttypid, CASE WHEN t.typcategory IN ('N', 'D') THEN a.atttypmod ELSE -1 END),
       a.attnotnull, a.atthasdef AND a.attgenerated = '' OR a.attidentity = 'd', a.attgenerated <> '' OR a.attidentity = 'a'
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)";

constexpr const char* indexes_sql = R"(
SELECT i.relname, a.attname
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
     CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
     JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
WHERE x.indrelid = to_regclass(quote_ident($1)) AND x.indisunique AND x.indisvalid AND x.indimmediate
      AND x.indpred IS NULL AND x.indexprs IS NULL AND k.n <= x.indnkeyatts
ORDER BY i.relname, k.n)";

}  // namespace

Result<std::optional<LiveTable>> describe(Connection& connection, const TableName& name) {
  auto columns = connection.ask(columns_sql, {name.get()});
  if (!columns) return tl::unexpected(columns.error());
  if (columns->rows() == 0) return std::optional<LiveTable>{};
  auto indexes = connection.ask(indexes_sql, {name.get()});
  if (!indexes) return tl::unexpected(indexes.error());
  LiveTable table{name, {}, {}};
  for (int i = 0; i < columns->rows(); ++i) {
    auto native = columns->word(i, 1);
    table.columns.push_back({columns->word(i, 0), native, columns->word(i, 2), postgres_type(native),
                             columns->yes(i, 3), columns->yes(i, 4), columns->yes(i, 5), native == "numeric"});
  }
  for (int i = 0; i < indexes->rows(); ++i) {
    auto index = indexes->word(i, 0);
    if (table.unique.empty() || table.unique.back().name != index) table.unique.push_back({index, {}});
    table.unique.back().columns.push_back(indexes->word(i, 1));
  }
  return std::optional<LiveTable>{std::move(table)};
}

}  // namespace loom::sink::postgres
