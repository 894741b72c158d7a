// run_stage of include/loom/run.h: the one consume loop around somebody else's handler.
#include <CLI/CLI.hpp>

#include "app/run_group.h"
#include "loom/run.h"
#include "runner/stage_work.h"
#include "stages/program/program.h"

namespace loom {
namespace {

struct Words {
  app::Common common;
  std::string group;
};

/// nullopt: the exit code is in `code`.
std::optional<Words> words_of(int argc, char** argv, int& code) {
  Words words;
  CLI::App line{"A stage of Loom's, built against include/loom/run.h"};
  auto* run = line.add_subcommand("run", "run the consumer group, as 'loom run' does")->fallthrough();
  run->add_option("GROUP", words.group, "a key under 'stages' whose entry says 'use: program'")->required();
  run->add_option("--config", words.common.config, "the catalogue")->capture_default_str();
  line.require_subcommand(1);
  try {
    line.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    code = line.exit(error) == 0 ? 0 : 64;
    return std::nullopt;
  }
  return words;
}

Result<StageSettings> settings_of(const model::StageSpec& stage) {
  if (stage.use != "program")
    return fail(ErrorKind::configuration, "stages." + stage.group.get() + ".use is '" + stage.use + "', not program",
                {.remedy = "write 'use: program' and 'program: <this file>'"});
  config::Faults faults;
  auto options = stages::program_options();
  for (const auto& key : model::common_stage_keys()) options.also(key);
  auto read = options.read(stage.node, faults);
  if (faults.any_fault()) return fail(ErrorKind::configuration, faults.text());
  return StageSettings{stage.group.get(), std::move(read.options)};
}

}  // namespace

int run_stage(int argc, char** argv, const StageProgram& program) {
  int code = 0;
  auto words = words_of(argc, argv, code);
  if (!words) return code;
  auto loaded = app::load_or_report(words->common);
  if (!loaded) return 78;
  const auto* stage = app::stage_or_report(loaded->catalogue, words->group);
  if (!stage) return 64;
  auto settings = settings_of(*stage);
  if (!settings) return app::report(settings.error());
  return app::run_group({*loaded, *stage}, [&](Registry&, const Log&, const std::atomic<bool>&) -> Result<runner::Work> {
    runner::StageWork work;
    work.group = stage->group;
    work.lanes = stage->lanes;
    work.when = stage->when;
    work.batch = program.batch;
    work.make_handler = [&] { return program.make(*settings); };
    return runner::work_of(std::move(work));
  });
}

}  // namespace loom
