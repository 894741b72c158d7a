// A program that is spoken to in lines: its stdin and stdout are pipes, its stderr is ours, nothing else that is open here
// is open there. It dies with the thread that started it, and with the Child.
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
  std::size_t max_memory = 0;             // bytes of data of each of its processes; 0: no limit
  std::vector<std::string> environment{};  // "NAME=value"
};

class Child {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static Result<std::unique_ptr<Child>> start(const ChildCommand& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Queues text to be written; reading goes on meanwhile, so that neither side waits for the other.
  void send(std::string_view text) { to_write_ += text, sent_ += text.size(); }
  /// The next line, without its end.
  [[nodiscard]] Result<std::string> read_line(Time deadline);
  /// Bytes of what was sent that it has read.
  [[nodiscard]] std::size_t taken() const;
  /// It may use so much CPU time from now on; then it is killed.
  void allow_cpu(std::chrono::seconds time) const;

 private:
  Child(pid_t pid, int in, int out, std::size_t longest) : pid_(pid), in_(in), out_(out), longest_(longest) {}
  Result<void> wait(Time deadline);
  Result<void> write_some();
  Result<void> read_some();
  [[nodiscard]] std::string how_it_ended() const;

  pid_t pid_;
  int in_, out_;  // its stdin and stdout: our ends
  std::size_t longest_;
  std::string to_write_, read_;
  std::size_t sent_ = 0;    // bytes, those included that still wait here
  std::size_t looked_ = 0;  // no line end before here
};

}  // namespace loom::stages
