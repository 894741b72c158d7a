// Child processes that never outlive this one: each is killed when its parent dies, however that dies, and leads a
// process group of its own, so that Ctrl-C reaches the parent only. Its stdin is empty, its stdout is our stderr.
// Threads: the kernel ties a child's life to the thread that started it: spawn from main's thread.
// Errors: not_found (no such program), unavailable (no process to be had).
//   auto pid = spawn({.argv = {"/bin/sh", "-c", "exit 3"}});   auto exit = wait_for_exit(*pid);  // exit.code == 3
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "loom/error.h"

namespace loom::app {

struct Command {
  std::vector<std::string> argv;  // argv[0] is a path, or a name looked up in PATH
  std::string folder;             // to run in; "" = ours
  std::string output_file;        // for stdout and stderr, written anew; "" = our stderr
};

struct Exit {
  int code = 0;    // as given to exit()
  int signal = 0;  // not 0: ended by this signal
};
[[nodiscard]] std::string to_string(const Exit& exit);  // "exit code 3", "signal 9"

Result<pid_t> spawn(const Command& command);
/// Reaps a child that has ended, and kills what it left behind in its group. nullopt: still running.
std::optional<Exit> exit_of(pid_t pid);
Exit wait_for_exit(pid_t pid);

/// The path of a program named as in a shell; "" when there is none.
[[nodiscard]] std::string find_program(const std::string& name);

}  // namespace loom::app
