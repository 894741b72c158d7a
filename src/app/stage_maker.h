// A stage's entry with its engine: the kind's own options, the engine's, and the maker of handlers that comes of them.
// What `hints` says is laid over the entry, a maker a hint; weights that the same options need are loaded once.
#pragma once

#include "app/wiring.h"
#include "stages/kinds.h"

namespace loom::app {

/// Every fault of the entry and its engine goes to `faults`. Errors: configuration.
[[nodiscard]] Result<stages::MadeStage> stage_maker(const model::Catalogue& catalogue, const model::StageSpec& stage,
                                                    config::Faults& faults);

/// Makes one of each stage's engines, as `loom run` would: what does not come up is a fault with its place.
void check_engines(Loaded& loaded);

}  // namespace loom::app
