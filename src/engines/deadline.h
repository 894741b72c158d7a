// How long an engine of this process may take for one message. What it computes looks at the deadline from time to time
// and ends; the message is tried again `attempts` times and is a dead letter then ("timeout"), the next one goes on.
// Threads: `is_over` from any.
//   Deadline deadline(options.deadline);   ... if (deadline.is_over()) return deadline.overdue("whisper");
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/config.h"
#include "loom/deadline.h"

namespace loom::engines {

inline constexpr config::Milliseconds default_deadline{120000};

class Deadline {
 public:
  explicit Deadline(config::Milliseconds allowed)
      : allowed_(allowed), end_(std::chrono::steady_clock::now() + allowed) {}

  [[nodiscard]] bool is_over() const { return std::chrono::steady_clock::now() >= end_; }
  [[nodiscard]] tl::unexpected<Error> overdue(std::string_view engine) const {
    return loom::overdue(std::string(engine) + " took longer than " + config::to_string(allowed_),
                         "raise the engine's deadline, or send less in one message");
  }

 private:
  config::Milliseconds allowed_;
  std::chrono::steady_clock::time_point end_;
};

template <class S>
config::Options<S>& add_deadline(config::Options<S>& to) {
  auto some = [](const config::Milliseconds& time) -> std::optional<std::string> {
    return time.count() > 0 ? std::nullopt : std::optional<std::string>("must be more than 0");
  };
  return to.add("deadline", &S::deadline,
                "of one message; one that takes longer is tried `attempts` times and is a dead letter then", some);
}

}  // namespace loom::engines
