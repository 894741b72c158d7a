#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/commands.h"
#include "app/run_group.h"
#include "app/stage_maker.h"

namespace loom::app {
namespace {

/// Becomes the program, which runs the group (include/loom/run.h); comes back only when that fails.
Error become(const std::string& program, const Common& common, const std::string& group) {
  const char* words[] = {program.c_str(), "run", group.c_str(), "--config", common.config.c_str(), nullptr};
  ::execv(program.c_str(), const_cast<char* const*>(words));
  return {ErrorKind::configuration, program + " cannot be run: " + std::strerror(errno), "", "correct 'program'", ""};
}

}  // namespace

int run_command(const Common& common, const std::string& group) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  const auto* stage = stage_or_report(loaded->catalogue, group);
  if (!stage) return 64;
  if (stage->use == "program") {
    config::Faults faults;
    auto made = stage_maker(loaded->catalogue, *stage, faults);
    return report(made ? become(made->program, common, group) : made.error());
  }
  return run_group({*loaded, *stage}, [&](Registry& registry, const Log& log, const std::atomic<bool>& stop) {
    return work_of_group(*loaded, *stage, registry, log, stop);
  });
}

}  // namespace loom::app
