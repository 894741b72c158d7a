// What `use:` of a stage may be. A plain list: the app gives it to the checker, the documentation and the runner. A
// stage never names an engine: it is handed a maker of readers. Threads: kinds() any; a maker is called by each lane.
//   auto make = find_kind("ocr")->make({entry, common_keys, make_reader, system_clock()}, faults);   //
//   Result<MakeHandler> BatchHandler handler = *(*make)(); // once a lane
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "loom/stage.h"
#include "loom/vision.h"

namespace loom::stages {

using MakeHandler = std::function<Result<BatchHandler>()>;

struct StageEntry {
  config::Node node;                     // the entry under `stages`
  std::vector<std::string> common_keys;  // what every entry may say (use, input, output, ...): read elsewhere
  MakeTextReader make_reader;            // of the entry's `engine`
  Clock clock;
};

enum class NeedsEngine { no, text_reader };

struct StageKind {
  std::string_view name, help;
  NeedsEngine engine = NeedsEngine::no;
  std::vector<config::OptionDoc> (*options)() = nullptr;
  /// Errors: configuration; each fault is in `faults`, with its place.
  Result<MakeHandler> (*make)(const StageEntry& entry, config::Faults& faults) = nullptr;
};

[[nodiscard]] std::span<const StageKind> kinds();
[[nodiscard]] const StageKind* find_kind(std::string_view name);  // nullptr: there is none

}  // namespace loom::stages
