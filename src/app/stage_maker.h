// A stage's entry with its engine: the kind's own options, the engine's, and the maker of handlers that comes of them.
// What `hints` says is laid over the entry, a maker a hint; weights that the same options need are loaded once.
#pragma once

#include "app/wiring.h"
#include "engines/warm.h"
#include "stages/kinds.h"

namespace loom::app {

/// Every fault of the entry and its engine goes to `faults`, and a warning where its output is too small a topic. Errors:
/// configuration.
[[nodiscard]] Result<stages::MadeStage> stage_maker(const model::Catalogue& catalogue, const model::StageSpec& stage,
                                                    config::Faults& faults);

/// The stage's own engine (its node is absent where the stage needs none), then those of its hints that say one.
struct StageEngine {
  std::string hint;  // "": the stage's own
  config::Node node;
};
[[nodiscard]] std::vector<StageEngine> engines_of(const model::StageSpec& stage);

/// Makes what the stage needs, as `loom run` would, and lets it work once; a server is asked whether it is well.
[[nodiscard]] Result<engines::Called> call_engine(const model::Catalogue& catalogue, const model::StageSpec& stage,
                                                  const StageEngine& which, config::Faults& faults);

/// The options of each stage and engine: faults with their places. `call`: the engines are made and have to work, servers
/// have to answer.
enum class EngineCheck { options, call };
void check_engines(Loaded& loaded, EngineCheck how);

}  // namespace loom::app
