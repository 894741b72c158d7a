#include "sink/postgres/copy.h"

#include "sink/sql_text.h"

namespace loom::sink::postgres {
namespace {

std::string copy_sql(const CopyTarget& target) {
  std::string sql = "COPY " + target.table + " (";
  for (std::size_t i = 0; i < target.binding.columns.size(); ++i)
    sql += (i ? ", " : "") + quoted_name(target.binding.columns[i].name);
  return sql + ") FROM STDIN (FORMAT binary)";
}

}  // namespace

Result<void> copy_rows(Connection& connection, const CopyTarget& target, std::span<const Row* const> rows) {
  constexpr std::size_t chunk = 64 << 10;
  if (auto begun = connection.begin_copy(copy_sql(target)); !begun) return begun;
  std::string buffer(copy_header);
  buffer.reserve(2 * chunk);
  for (const auto* row : rows) {
    if (auto encoded = encode_row(buffer, target.binding, target.wires, *row); !encoded) {
      connection.abort_copy();
      return encoded;
    }
    if (buffer.size() < chunk) continue;
    if (auto sent = connection.send_copy(buffer); !sent) return sent;
    buffer.clear();
  }
  buffer += copy_trailer;
  if (auto sent = connection.send_copy(buffer); !sent) return sent;
  return connection.end_copy();
}

}  // namespace loom::sink::postgres
