// What `engine: {use: ...}` may be. A plain list, as the stages'. Threads: kinds() any; a maker is called once by each
// lane, on its thread, and what it made belongs to that lane.
//   auto engine = make_engine(entry["engine"], EngineWork::reads_pictures, faults);  // an unknown name is a fault
//   auto reader = std::get<MakeTextReader>(*engine)();                                // configuration, unavailable
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "engines/weights.h"
#include "loom/engine.h"

namespace loom::engines {

struct EngineKind {
  std::string_view name, help;
  EngineWork work = EngineWork::none;
  std::vector<config::OptionDoc> (*options)() = nullptr;
  /// Reads the options; errors: configuration, each fault is in `faults` with its place. Loads nothing yet.
  Result<Engine> (*make)(const config::Node& engine, config::Faults& faults, const SharedWeights& weights) = nullptr;
};

[[nodiscard]] std::span<const EngineKind> kinds();
/// The engine that the entry names, which has to be able to do `work`. Engines that are given the same `weights` load
/// the same model once.
[[nodiscard]] Result<Engine> make_engine(const config::Node& engine, EngineWork work, config::Faults& faults,
                                         const SharedWeights& weights = std::make_shared<Weights>());

}  // namespace loom::engines
