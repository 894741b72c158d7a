// Secrets that the configuration names instead of holding them: `${NAME}` in a value stands for that environment
// variable, `${file:PATH}` for a file's text without the line break at its end (PATH is relative to the configuration's
// folder); `$${` stands for `${`. Threads: at start. Faults name what is missing, never what was found.
//   auto named = with_secrets(root, {"kafka", "database"}, faults);   // password: ${PGPASSWORD}
#pragma once

#include <string>
#include <vector>

#include "base/config.h"

namespace loom::config {

struct Named {
  Node root;
  std::vector<std::string> variables;  // that hold secrets: no business of a program that a stage starts
};
/// Only in these sections: elsewhere (a stage's command, say) `${` is left as it is.
[[nodiscard]] Named with_secrets(const Node& root, const std::vector<std::string>& sections, Faults& faults);

}  // namespace loom::config
