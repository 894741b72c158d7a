// What `engine: {use: ...}` may be. A plain list, as the stages'. Threads: kinds() any; a maker is called once by each
// lane, on its thread, and what it made belongs to that lane.
//   auto engine = make_engine(entry["engine"], EngineWork::reads_pictures, faults);  // an unknown name is a fault
//   auto reader = std::get<MakeTextReader>(*engine)();                                // configuration, unavailable
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "engines/weights.h"
#include "loom/engine.h"

namespace loom::engines {

/// Where a server says that it is well, and how it wants its key. Servers have the options url, api_key_env and ca_file.
struct Health {
  std::string_view path = "/", key_header = "Authorization", before_key = "Bearer ";
};

struct EngineKind {
  std::string_view name, help;
  EngineWork work = EngineWork::none;
  std::vector<config::OptionDoc> (*options)() = nullptr;
  /// Reads the options; errors: configuration, each fault is in `faults` with its place. Loads nothing yet.
  Result<Engine> (*make)(const config::Node& engine, config::Faults& faults, const SharedWeights& weights) = nullptr;
  bool is_here = false;  // in this process: making it proves it
  Health health{};  // of a server
};

/// Of the entry's server; "" of an engine in this process.
[[nodiscard]] std::string address_of(const EngineKind& kind, const config::Node& engine);
/// Asks the entry's server whether it is there, without giving it work: what it says of itself, short, may be "". A server
/// that answers anything but an error of its own is there. Errors: configuration (the key), unavailable, timeout.
[[nodiscard]] Result<std::string> ask_health(const EngineKind& kind, const config::Node& engine, config::Milliseconds wait);

[[nodiscard]] std::span<const EngineKind> kinds();
[[nodiscard]] const EngineKind* find_kind(std::string_view name);  // nullptr: there is none
/// The engine that the entry names, which has to be able to do `work`. One of this process has worked once when its
/// maker gives it (warm.h). Engines that are given the same `weights` load the same model once.
[[nodiscard]] Result<Engine> make_engine(const config::Node& engine, EngineWork work, config::Faults& faults,
                                         const SharedWeights& weights = std::make_shared<Weights>());

}  // namespace loom::engines
