// One stage with options of its own for some pipeline hints: each message goes to the handler made for its hint, any
// other to the base's. What a hint's handler emits says so: {"hint":"ocr_extraction"} is added to the result.
// Threads: as the handlers it is made of, which are the lane's. Errors: those of making a handler.
//   auto stage = by_hint(std::move(base), {{"scene_description", std::move(made)}});
#pragma once

#include <map>
#include <string>

#include "stages/kinds.h"

namespace loom::stages {

/// None of them joins.
[[nodiscard]] MadeStage by_hint(MadeStage base, std::map<std::string, MadeStage> hints);

}  // namespace loom::stages
