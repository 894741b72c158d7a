#include "stages/program/program.h"

#include <unistd.h>

#include <filesystem>

namespace loom::stages {

config::Options<ProgramOptions> program_options() {
  return config::Options<ProgramOptions>("stages.program")
      .add("program", &ProgramOptions::program, "the file to run, seen from loom.yaml's folder")
      .add("options", &ProgramOptions::options, "what the program is told (loom::StageSettings), e.g. {language: en}");
}

Result<std::string> path_of(const ProgramOptions& options, const std::string& folder) {
  auto path = (std::filesystem::path(folder.empty() ? "." : folder) / options.program).lexically_normal().string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return fail(ErrorKind::configuration, "there is no program " + path, {.remedy = "build it, or correct 'program'"});
  if (::access(path.c_str(), X_OK) != 0)
    return fail(ErrorKind::configuration, path + " cannot be run", {.remedy = "chmod +x it"});
  return path;
}

}  // namespace loom::stages
