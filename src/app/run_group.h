// One consumer group, run until a signal: what `loom run` and programs of one's own (include/loom/run.h) have in common.
// Threads: main's.
//   const auto* stage = stage_or_report(loaded->catalogue, group);
//   return run_group({*loaded, *stage}, [&](auto& registry, auto& log, auto& stop) { return work_of_group(...); });
#pragma once

#include <functional>

#include "app/wiring.h"

namespace loom::app {

/// nullptr: there is none, which was said on stderr (exit 64).
[[nodiscard]] const model::StageSpec* stage_or_report(const model::Catalogue& catalogue, const std::string& group);

struct GroupRun {
  const Loaded& loaded;
  const model::StageSpec& stage;
};
using MakeWork = std::function<Result<runner::Work>(Registry&, const Log&, const std::atomic<bool>& stop)>;

/// The exit code. What cannot be made or run is said on stderr.
[[nodiscard]] int run_group(const GroupRun& run, const MakeWork& make_work);

}  // namespace loom::app
