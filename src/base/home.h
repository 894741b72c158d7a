// Where Loom's own things lie (.deps, or share/loom where it was installed: Kafka, models), wherever it is called from:
// under LOOM_HOME, else upwards from the binary's own path. Threads: any.
//   std::string jars = find_at_home("kafka-4.3.1");   // "" when it is nowhere
#pragma once

#include <string>

namespace loom {

[[nodiscard]] std::string own_path();  // of the running binary
/// The path of a file or folder of .deps; "" when there is none.
[[nodiscard]] std::string find_at_home(const std::string& name);
/// "neither under LOOM_HOME nor above /usr/bin/loom": for errors.
[[nodiscard]] std::string where_home_was_looked_for();

}  // namespace loom
