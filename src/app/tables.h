// The mappings' tables against the database's: what `tables plan/apply`, `check` and `up` share.
#pragma once

#include <vector>

#include "app/wiring.h"
#include "sink/schema.h"

namespace loom::app {

/// Empty without a store stage. Errors: unavailable, configuration.
[[nodiscard]] Result<std::vector<sink::Change>> plan_tables_for(const Loaded& loaded, const Log& log);
Result<std::vector<sink::Change>> apply_tables_for(const Loaded& loaded, const Log& log);

}  // namespace loom::app
