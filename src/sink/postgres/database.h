// PostgreSQL: binary COPY straight into the table; where keys clash or rows are bad, a careful path inside savepoints.
#pragma once

#include <memory>
#include <string>

#include "sink/database.h"

namespace loom::sink::postgres {

[[nodiscard]] std::unique_ptr<Database> open(std::string url, Log log);

}  // namespace loom::sink::postgres
