// An engine tried in a process of its own: how long it takes to load and to work once, what memory that costs, which
// model files it asked for, and whether it works at all; one that crashes or hangs takes nobody along.
// Threads: the caller's must be the only one (fork). Ownership: everything is a value.
//   auto trial = tried([&] { return engines::called_once(engine); });   if (trial.error.empty()) …
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engines/warm.h"

namespace loom::app {

struct TrialFile {
  std::string name, path;
  bool is_whole = false;  // it has the checksum
};
struct Trial {
  std::string error{}, remedy{};  // "" where it works
  std::string version{}, settings{};
  std::int64_t milliseconds = 0, bytes = 0;
  std::vector<TrialFile> files{};
};
[[nodiscard]] Trial tried(const std::function<Result<engines::Called>()>& work);

}  // namespace loom::app
