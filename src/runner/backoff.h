// How long a retry waits: 100 ms, doubled each time up to 5 s, a part of it random so that lanes that failed together
// do not all come again together. Pure.
//   backoff_of({}, 3, 0.5)  // 400 ms less a quarter
#pragma once

#include <algorithm>

#include "loom/envelope.h"

namespace loom::runner {

struct Backoff {
  Micros first = 100'000;
  Micros most = 5'000'000;
};

/// `retries` counts from 1; `random` is in [0, 1).
[[nodiscard]] inline Micros backoff_of(const Backoff& backoff, int retries, double random) {
  Micros wait = std::max<Micros>(backoff.first, 1);
  for (int i = 1; i < retries && wait < backoff.most; ++i) wait *= 2;
  wait = std::min(wait, backoff.most);
  return wait - static_cast<Micros>(static_cast<double>(wait) * 0.5 * random);
}

}  // namespace loom::runner
