// PostgreSQL's numeric on the wire: digits in base 10000, exact for whole numbers, the shortest decimal for doubles.
#pragma once

#include <string>

#include "sink/cell.h"

namespace loom::sink::postgres {

/// False where the cell is no number.
bool append_numeric(std::string& to, const Cell& cell);

}  // namespace loom::sink::postgres
