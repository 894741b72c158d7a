#include "app/commands.h"
#include "base/bytes.h"
#include "runner/runner.h"

namespace loom::app {
namespace {

int unknown_group(const model::Catalogue& catalogue, const std::string& group) {
  std::vector<std::string> known;
  for (const auto& [name, stage] : catalogue.stages) known.push_back(name.get());
  auto near = nearest(group, known);
  return report(Error{ErrorKind::usage, "no consumer group '" + group + "' in the configuration", "",
                      near.empty() ? "see the keys under 'stages'" : "did you mean '" + near + "'?", ""});
}

runner::RunnerOptions runner_options(const Loaded& loaded, const model::StageSpec& stage) {
  runner::RunnerOptions options;
  options.group = stage.group;
  options.stage = stage.use;
  options.instance = instance_name();
  options.inputs = inputs_of(loaded, stage);
  options.output = stage.output;
  options.forward_drop = stage.forward_drop;
  options.attempts = stage.attempts;
  return options;
}

}  // namespace

int run_command(const Common& common, const std::string& group) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  const auto* stage = loaded->catalogue.stage(group);
  if (!stage) return unknown_group(loaded->catalogue, group);
  const auto& stop = stop_on_signals();
  auto log = log_of(loaded->catalogue, "run " + group);
  Registry registry;
  auto work = work_of_group(*loaded, *stage, registry, log, stop);
  if (!work) return stop ? 0 : report(work.error());
  auto runner =
      runner::Runner::open(loaded->catalogue.kafka, runner_options(*loaded, *stage), std::move(*work), registry, log);
  if (!runner) return report(runner.error());
  auto done = (*runner)->run(stop);
  return done ? 0 : report(done.error());
}

}  // namespace loom::app
