// SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE; several processes take turns within the busy timeout.
#pragma once

#include <memory>
#include <string>

#include "sink/database.h"

namespace loom::sink::sqlite {

[[nodiscard]] std::unique_ptr<Database> open(std::string path);

}  // namespace loom::sink::sqlite
