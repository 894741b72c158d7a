#include "stages/command/environment.h"

#include <algorithm>
#include <string_view>

namespace loom::stages {
namespace {

bool names(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

std::vector<std::string> environment_for(const char* const* environment, const Withheld& withheld) {
  std::vector<std::string> lines;
  for (; environment && *environment; ++environment) {
    std::string_view line = *environment;
    auto name = line.substr(0, line.find('='));
    bool is_ours = name.starts_with("LOOM_") || name == "PGPASSWORD" || names(withheld.secrets, name);
    if (!is_ours || names(withheld.passed, name)) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace loom::stages
