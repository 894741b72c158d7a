// What of Loom's own environment a stage's program gets: all but what holds Loom's secrets, unless the stage names it.
// Pure.
//   auto lines = environment_for(environ, {.secrets = {"OLLAMA_KEY"}, .passed = {}});   // "HOME=/root", …
#pragma once

#include <string>
#include <vector>

namespace loom::stages {

struct Withheld {
  std::vector<std::string> secrets{};  // beside LOOM_* and libpq's password
  std::vector<std::string> passed{};   // given nevertheless
};
[[nodiscard]] std::vector<std::string> environment_for(const char* const* environment, const Withheld& withheld);

}  // namespace loom::stages
