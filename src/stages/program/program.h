// A stage that is a program of its own, written against include/loom/run.h: where it lies, and what it is told. `loom run`
// becomes that program; no message ever passes through this process.
// Errors: configuration, naming the file.
//   auto path = path_of(options, folder);   // "/etc/loom/my_stage"
#pragma once

#include <map>
#include <string>

#include "base/config.h"

namespace loom::stages {

struct ProgramOptions {
  std::string program;
  std::map<std::string, std::string> options;
};
[[nodiscard]] config::Options<ProgramOptions> program_options();

/// `folder`: of loom.yaml, which the path is relative to.
[[nodiscard]] Result<std::string> path_of(const ProgramOptions& options, const std::string& folder);

}  // namespace loom::stages
