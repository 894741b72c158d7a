// Secrets that the configuration names instead of holding them: `${NAME}` in a value stands for that environment
// variable, `${file:PATH}` for a file's text without the line break at its end (PATH is relative to the configuration's
// folder); `$${` stands for `${`. Threads: at start. Faults name what is missing, never what was found.
//   root = with_secrets(root, {"kafka", "database"}, faults);   // password: ${PGPASSWORD}
#pragma once

#include <string>
#include <vector>

#include "base/config.h"

namespace loom::config {

/// Only in these sections: elsewhere (a stage's command, say) `${` is left as it is.
[[nodiscard]] Node with_secrets(const Node& root, const std::vector<std::string>& sections, Faults& faults);

}  // namespace loom::config
