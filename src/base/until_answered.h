// What a part needs before it can begin (the broker, an engine's server) is asked until it answers, with one line a
// minute meanwhile. Ends with the answer, with an error that waiting does not mend, or with the last error when the
// process is to stop, which is seen within 20 ms: a call that takes longer has to see it by itself (Admin::open).
// Threads: any; blocks its caller.
//   auto cluster = until_answered({log, "the broker", stop}, [&] { return admin->cluster(5s); });
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "base/log.h"
#include "loom/error.h"

namespace loom {

struct Awaited {
  const Log& log;
  std::string what;
  const std::atomic<bool>& stop;
  std::chrono::milliseconds pause{500};  // between two calls
};

template <class Call>
[[nodiscard]] auto until_answered(const Awaited& it, Call call) -> decltype(call()) {
  using Steady = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds step{20};
  auto tell_at = Steady::time_point{};
  while (true) {
    auto answer = call();
    if (answer || traits_of(answer.error().kind).remedy == Remedy::reject || it.stop) return answer;
    auto now = Steady::now();
    if (now >= tell_at) {
      it.log.warn("waiting for " + it.what, {{"error", to_string(answer.error())}});
      tell_at = now + std::chrono::minutes(1);
    }
    for (auto until = now + it.pause; Steady::now() < until && !it.stop;) std::this_thread::sleep_for(step);
    if (it.stop) return answer;
  }
}

}  // namespace loom
