// What `use:` of a stage may be. A plain list: the app gives it to the checker, the documentation and the runner. A
// stage never names an engine: it is handed the engine's maker. Threads: kinds() any; a handler's maker is called by each lane.
//   auto stage = find_kind("ocr")->make({entry, common_keys, engine, system_clock()}, faults);   // Result<MadeStage>
//   BatchHandler handler = *stage->make_handler();                                               // once a lane
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "loom/engine.h"
#include "loom/joiner.h"
#include "loom/stage.h"
#include "stages/http/service.h"

namespace loom::stages {

using MakeHandler = std::function<Result<BatchHandler>()>;

/// A handler, or a joining one, or a program of its own.
struct MadeStage {
  MakeHandler make_handler{};
  std::optional<Joining> joining{};
  std::string program{};  // its path; then there is neither handler nor joiner
  std::size_t batch = 1;  // most messages of one call of the handler
  std::size_t largest_output = 0;  // bytes that an output may need, whatever the input's; 0: it follows from the input's
};

struct StageEntry {
  config::Node node;                     // the entry under `stages`
  std::vector<std::string> common_keys;  // what every entry may say (use, input, output, ...): read elsewhere
  Engine engine;                         // of the entry's `engine`
  Clock clock;
  OpenService open_service{};        // of a stage that asks a service
  std::vector<std::string> secrets{};  // variables of the environment that hold the configuration's keys
};

struct StageKind {
  std::string_view name, help;
  EngineWork engine = EngineWork::none;  // what the engine has to be able to
  std::vector<config::OptionDoc> (*options)() = nullptr;
  /// Errors: configuration; each fault is in `faults`, with its place.
  Result<MadeStage> (*make)(const StageEntry& entry, config::Faults& faults) = nullptr;
  std::chrono::milliseconds lookback{0};  // of a kind that joins messages: how far back its memory reaches
};

[[nodiscard]] std::span<const StageKind> kinds();
[[nodiscard]] const StageKind* find_kind(std::string_view name);  // nullptr: there is none

}  // namespace loom::stages
