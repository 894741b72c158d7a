// A stage of one's own as a program: `main` hands its handler to run_stage, which does the rest: configuration, Kafka,
// order, retries, dead letters, commits, metrics. In loom.yaml the entry says `use: program` and where the program lies;
// then `loom check`, `loom up` and `loom run GROUP` treat it as a stage of Loom's own (docs/stages.md).
// Ownership: what `make` returns belongs to one lane. Threads: `make` and its handler are called by the lane's thread;
// run_stage by main's, once. Errors: exit codes as loom's (64 usage, 69 unavailable, 78 configuration).
//   int main(int argc, char** argv) {
//     return loom::run_stage(argc, argv, {.make = [](const loom::StageSettings&) { return loom::one_by_one(count_words); }});
//   }
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "loom/error.h"
#include "loom/stage.h"

namespace loom {

/// What the entry in loom.yaml says to the stage.
struct StageSettings {
  std::string group;                           // the entry's key
  std::map<std::string, std::string> options;  // the entry's `options`
};

struct StageProgram {
  /// Once a lane, before the group is joined. An error of kind configuration ends the program (78), others too.
  std::function<Result<BatchHandler>(const StageSettings&)> make;
  std::size_t batch = 1;  // most messages of one call of the handler
};

/// Runs the consumer group that the words name, until SIGINT or SIGTERM: `run GROUP --config loom.yaml`.
[[nodiscard]] int run_stage(int argc, char** argv, const StageProgram& program);

}  // namespace loom
