// Keeps child processes running: restarts one that dies, later each time it dies again, and drains them in order when a
// stop is asked for (SIGINT, SIGTERM, SIGHUP). A child that ends with 64 or 78 is not started again: its configuration
// is wrong and stays wrong; the others go on, and `drain` gives 78 in the end.
// Ownership: it owns its children; the destructor kills those that are left. Threads: main's only, and it is made
// before any other thread, because it takes the signals away from the whole process.
//   Supervisor supervisor({}, log);
//   supervisor.start({.name = "api", .command = {.argv = {self, "api"}}});
//   while (supervisor.step(1s)) {}
//   return supervisor.drain();
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "app/process.h"
#include "base/log.h"

namespace loom::app {

struct RestartSchedule {
  std::chrono::milliseconds first{200}, longest{30'000};
  std::chrono::milliseconds steady{60'000};  // a child that lived so long starts afresh
};
/// The wait before a child is started again that has died `deaths` times in a row (from 1).
[[nodiscard]] std::chrono::milliseconds restart_delay(const RestartSchedule& schedule, int deaths);

struct SupervisorOptions {
  RestartSchedule restart;
  std::chrono::milliseconds grace{20'000};  // between SIGTERM and SIGKILL, for each step of the order
};

struct ChildSpec {
  std::string name;
  Command command;
  int drain_order = 0;                 // the lowest is stopped first
  std::string see;                     // where its own log lies, named when it dies
  std::function<void()> before_start;  // each time; may be empty
};

enum class ChildState { running, waiting, refused, stopped };
struct ChildStatus {
  std::string name;
  ChildState state;
  pid_t pid;  // 0 unless running
  int exits;  // so far
};

class Supervisor {
 public:
  Supervisor(SupervisorOptions options, Log log);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void start(ChildSpec spec);
  /// Serves signals, deaths and restarts until something happened, at most for `wait`. False: a stop was asked for.
  [[nodiscard]] bool step(std::chrono::milliseconds wait);
  /// Stops all, one drain order after the other. A second signal, a second after the first or later, kills at once.
  /// Returns 0, or 78 when a child was refused.
  int drain();
  [[nodiscard]] std::vector<ChildStatus> children() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Child {
    ChildSpec spec;
    ChildState state = ChildState::waiting;
    pid_t pid = 0;
    int exits = 0, deaths = 0;  // deaths in a row
    Time since{}, due{};
  };
  void run(Child& child);
  void ended(Child& child, const Exit& exit);
  void reap_ended();
  void start_due();
  void take_signals(std::chrono::milliseconds wait);
  void stop_order(int order);
  [[nodiscard]] bool any_running(int order) const;
  [[nodiscard]] std::chrono::milliseconds until_next_start(std::chrono::milliseconds wait) const;

  SupervisorOptions options_;
  Log log_;
  std::vector<Child> children_;
  sigset_t before_{};
  int signals_ = -1;
  bool stopping_ = false, draining_ = false, hurry_ = false;
  Time asked_{};
};

}  // namespace loom::app
