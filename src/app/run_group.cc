#include "app/run_group.h"

#include "app/group_of.h"
#include "runner/runner.h"

namespace loom::app {
namespace {

runner::RunnerOptions runner_options(const GroupRun& run) {
  runner::RunnerOptions options;
  options.group = run.stage.group;
  options.stage = run.stage.use;
  options.instance = instance_name();
  options.inputs = inputs_of(run.loaded, run.stage);
  options.output = run.stage.output;
  options.forward_drop = run.stage.forward_drop;
  options.attempts = run.stage.attempts;
  return options;
}

}  // namespace

const model::StageSpec* stage_or_report(const model::Catalogue& catalogue, const std::string& group) {
  if (const auto* stage = catalogue.stage(group)) return stage;
  report(no_such_group(catalogue, group));
  return nullptr;
}

int run_group(const GroupRun& run, const MakeWork& make_work) {
  const auto& stop = stop_on_signals();
  auto log = log_of(run.loaded.catalogue, "run " + run.stage.group.get());
  Registry registry;
  auto work = make_work(registry, log, stop);
  if (!work) return stop ? 0 : report(work.error());
  auto runner =
      runner::Runner::open(run.loaded.catalogue.kafka, runner_options(run), std::move(*work), registry, log);
  if (!runner) return report(runner.error());
  auto done = (*runner)->run(stop);
  return done ? 0 : report(done.error());
}

}  // namespace loom::app
