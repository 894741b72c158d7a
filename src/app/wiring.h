// Where the parts are put together: configuration → catalogue → stages, sink, API. The only place that knows them all.
// Threads: called from main's thread; what it makes says itself.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "model/catalogue.h"
#include "model/mapping.h"
#include "runner/work.h"

namespace loom::app {

/// What every command takes.
struct Common {
  std::string config = "loom.yaml";
  bool json = false;
};

struct Loaded {
  model::Catalogue catalogue;
  model::Mappings mappings;
  config::Faults faults;  // of both files and the environment, and of the whole (check_offline)
};
[[nodiscard]] Loaded load(const Common& common);
/// The same; faults are printed to stderr and give nullopt (exit 78). Warnings are for `loom check`.
[[nodiscard]] std::optional<Loaded> load_or_report(const Common& common);

[[nodiscard]] Log log_of(const model::Catalogue& catalogue, std::string part);
/// For commands that look and print: silent but at log level debug, since what goes wrong is the one line of `report`.
[[nodiscard]] Log tool_log(const model::Catalogue& catalogue, std::string part);
[[nodiscard]] std::string instance_name();  // host-pid

/// True from the first SIGINT or SIGTERM on.
[[nodiscard]] const std::atomic<bool>& stop_on_signals();

/// Prints "loom: <error>" to stderr and gives its exit code.
int report(const Error& error);

/// What the group's consumer runs: a stage or the sink. Waits for the broker where it has to ask for ids.
[[nodiscard]] Result<runner::Work> work_of_group(const Loaded& loaded, const model::StageSpec& stage,
                                                 Registry& registry, const Log& log, const std::atomic<bool>& stop);
/// What the group reads: its input, or the mapped topics.
[[nodiscard]] std::vector<TopicName> inputs_of(const Loaded& loaded, const model::StageSpec& stage);

}  // namespace loom::app
