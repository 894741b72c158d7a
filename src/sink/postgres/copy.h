// Rows into a table by binary COPY, streamed while they are encoded.
#pragma once

#include <span>

#include "sink/postgres/connection.h"
#include "sink/postgres/encode.h"

namespace loom::sink::postgres {

struct CopyTarget {
  const Binding& binding;
  const std::vector<Wire>& wires;
  std::string table;  // quoted
};
/// Errors as the server gives them; a row that cannot be encoded is invalid_value. The transaction is then aborted.
Result<void> copy_rows(Connection& connection, const CopyTarget& target, std::span<const Row* const> rows);

}  // namespace loom::sink::postgres
