// An engine's first call, made before anybody waits for it: what the model allocates, reads or compiles at first is then
// done, and one that cannot work is known at once. A picture with a line of text, a second of silence.
// Threads: as the engine's maker. Errors: the engine's own.
//   Engine ready = warmed(engine);          // its makers give engines that have worked once
//   auto called = called_once(engine);      // Result<Called>: what it says of itself
#pragma once

#include <string>

#include "loom/engine.h"

namespace loom::engines {

struct Called {
  std::string version, settings;  // "" where the engine's results don't say
};
[[nodiscard]] Result<Called> called_once(const Engine& engine);

[[nodiscard]] Engine warmed(Engine engine);

}  // namespace loom::engines
