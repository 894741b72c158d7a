// What `engine: {use: ...}` may be. A plain list, as the stages'. Threads: kinds() any; a maker is called once by each
// lane, on its thread, and what it made belongs to that lane.
//   auto make = make_text_reader(entry["engine"], faults);   // Result<MakeTextReader>: an unknown name is a fault
//   auto reader = (*make)();                                 // Result<TextReader>: configuration, unavailable
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "loom/vision.h"

namespace loom::engines {

struct EngineKind {
  std::string_view name, help;
  std::vector<config::OptionDoc> (*options)() = nullptr;
  /// Reads the options; errors: configuration, each fault is in `faults` with its place. Loads nothing yet.
  Result<MakeTextReader> (*make)(const config::Node& engine, config::Faults& faults) = nullptr;
};

[[nodiscard]] std::span<const EngineKind> kinds();
[[nodiscard]] Result<MakeTextReader> make_text_reader(const config::Node& engine, config::Faults& faults);

}  // namespace loom::engines
