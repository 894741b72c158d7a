#include "app/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <set>

namespace loom::app {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int usage_exit = 64, configuration_exit = 78;

bool is_refusal(const Exit& exit) {
  return exit.signal == 0 && (exit.code == usage_exit || exit.code == configuration_exit);
}

milliseconds left_until(Clock::time_point time) {
  return std::max(0ms, std::chrono::ceil<milliseconds>(time - Clock::now()));
}

std::string log_of(const ChildSpec& spec) { return spec.see.empty() ? "above" : spec.see; }

}  // namespace

milliseconds restart_delay(const RestartSchedule& schedule, int deaths) {
  auto delay = schedule.first;
  for (int i = 1; i < deaths && delay < schedule.longest; ++i) delay *= 2;
  return std::min(delay, schedule.longest);
}

Supervisor::Supervisor(SupervisorOptions options, Log log) : options_(options), log_(std::move(log)) {
  signal(SIGCHLD, SIG_DFL);  // who ignores it never hears that a child has ended, and it may have been inherited
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&wanted, signal);
  pthread_sigmask(SIG_BLOCK, &wanted, &before_);
  signals_ = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
}

Supervisor::~Supervisor() {
  for (auto& child : children_) {
    if (child.state != ChildState::running) continue;
    kill(-child.pid, SIGKILL);
    wait_for_exit(child.pid);
  }
  close(signals_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Supervisor::start(ChildSpec spec) {
  children_.push_back({std::move(spec)});
  run(children_.back());
}

void Supervisor::run(Child& child) {
  if (child.spec.before_start) child.spec.before_start();
  auto pid = spawn(child.spec.command);
  child.since = Clock::now();
  if (!pid) {
    log_.error("part could not be started", {{"name", child.spec.name}, {"error", to_string(pid.error())}});
    child.due = Clock::now() + restart_delay(options_.restart, ++child.deaths);
    ++child.exits;
    child.state = ChildState::waiting;
    return;
  }
  child.pid = *pid;
  child.state = ChildState::running;
  log_.debug("part started", {{"name", child.spec.name}, {"pid", child.pid}});
}

void Supervisor::ended(Child& child, const Exit& exit) {
  child.pid = 0;
  ++child.exits;
  if (draining_) {
    child.state = ChildState::stopped;
    log_.debug("part stopped", {{"name", child.spec.name}, {"with", to_string(exit)}});
    return;
  }
  if (is_refusal(exit)) {
    child.state = ChildState::refused;
    log_.error("part refused its configuration and is not started again",
               {{"name", child.spec.name}, {"with", to_string(exit)}, {"log", log_of(child.spec)}});
    return;
  }
  child.deaths = Clock::now() - child.since >= options_.restart.steady ? 1 : child.deaths + 1;
  auto delay = restart_delay(options_.restart, child.deaths);
  child.state = ChildState::waiting;
  child.due = Clock::now() + delay;
  log_.warn(
      "part ended, starting it again",
      {{"name", child.spec.name}, {"with", to_string(exit)}, {"in_ms", delay.count()}, {"log", log_of(child.spec)}});
}

void Supervisor::reap_ended() {
  for (auto& child : children_) {
    if (child.state != ChildState::running) continue;
    if (auto exit = exit_of(child.pid)) ended(child, *exit);
  }
}

void Supervisor::start_due() {
  for (auto& child : children_)
    if (child.state == ChildState::waiting && child.due <= Clock::now()) run(child);
}

void Supervisor::take_signals(milliseconds wait) {
  pollfd readable{signals_, POLLIN, 0};
  poll(&readable, 1, static_cast<int>(wait.count()));
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) continue;
    // The terminal and a script may both pass on the same Ctrl-C: only a later one means "at once".
    if (stopping_ && Clock::now() - asked_ >= 1s) hurry_ = true;
    if (!stopping_) asked_ = Clock::now();
    stopping_ = true;
  }
}

milliseconds Supervisor::until_next_start(milliseconds wait) const {
  for (const auto& child : children_)
    if (child.state == ChildState::waiting) wait = std::min(wait, left_until(child.due));
  return wait;
}

bool Supervisor::step(milliseconds wait) {
  take_signals(stopping_ ? 0ms : until_next_start(wait));
  reap_ended();
  if (!stopping_) start_due();
  return !stopping_;
}

bool Supervisor::any_running(int order) const {
  return std::any_of(children_.begin(), children_.end(), [order](const Child& child) {
    return child.spec.drain_order == order && child.state == ChildState::running;
  });
}

void Supervisor::stop_order(int order) {
  auto signal_all = [&](int signal) {
    for (auto& child : children_) {
      if (child.spec.drain_order != order || child.state != ChildState::running) continue;
      // SIGTERM is for the part, which knows how to end what it started; SIGKILL is for all of it.
      kill(signal == SIGKILL ? -child.pid : child.pid, signal);
      if (signal == SIGKILL) log_.warn("part did not stop in time and was killed", {{"name", child.spec.name}});
    }
  };
  reap_ended();
  signal_all(SIGTERM);
  auto deadline = Clock::now() + options_.grace;
  bool killed = false;
  while (any_running(order)) {
    if (!killed && (hurry_ || Clock::now() >= deadline)) {
      signal_all(SIGKILL);
      killed = true;
    }
    take_signals(killed ? 1000ms : left_until(deadline));
    reap_ended();
  }
}

int Supervisor::drain() {
  draining_ = true;
  std::set<int> orders;
  bool refused = false;
  for (auto& child : children_) {
    orders.insert(child.spec.drain_order);
    refused = refused || child.state == ChildState::refused;
    if (child.state == ChildState::waiting) child.state = ChildState::stopped;
  }
  if (!stopping_) asked_ = Clock::now();
  stopping_ = true;
  for (int order : orders) stop_order(order);
  return refused ? configuration_exit : 0;
}

std::vector<ChildStatus> Supervisor::children() const {
  std::vector<ChildStatus> all;
  for (const auto& child : children_) all.push_back({child.spec.name, child.state, child.pid, child.exits});
  return all;
}

}  // namespace loom::app
