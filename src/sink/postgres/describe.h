// A table as the server's catalogue has it.
#pragma once

#include "sink/postgres/connection.h"
#include "sink/table.h"

namespace loom::sink::postgres {

[[nodiscard]] Result<std::optional<LiveTable>> describe(Connection& connection, const TableName& table);

}  // namespace loom::sink::postgres
