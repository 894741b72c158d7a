// A program that is spoken to in lines: its stdin and stdout are pipes, its stderr is ours. It dies with the thread that
// started it, and with the Child.
// Threads: one. Errors: configuration (no such program), unavailable (no process to be had), internal (it ended), timeout, malformed
// (a line that is too long).
//   auto child = Child::start({.argv = {"python3", "stage.py"}, .folder = "."});
//   child->send(lines, deadline);   Result<std::string> line = child->read_line(deadline);
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loom/error.h"

namespace loom::stages {

struct ChildCommand {
  std::vector<std::string> argv;
  std::string folder{};
  std::size_t longest_line = 16 << 20;
};

class Child {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static Result<std::unique_ptr<Child>> start(const ChildCommand& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Queues text to be written; reading goes on meanwhile, so that neither side waits for the other.
  void send(std::string_view text) { to_write_ += text; }
  /// The next line, without its end.
  [[nodiscard]] Result<std::string> read_line(Time deadline);

 private:
  Child(pid_t pid, int in, int out, std::size_t longest) : pid_(pid), in_(in), out_(out), longest_(longest) {}
  Result<void> wait(Time deadline);
  Result<void> write_some();
  Result<void> read_some();

  pid_t pid_;
  int in_, out_;  // its stdin and stdout: our ends
  std::size_t longest_;
  std::string to_write_, read_;
  std::size_t looked_ = 0;  // no line end before here
};

}  // namespace loom::stages
