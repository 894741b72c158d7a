// How fast Kafka takes what Loom holds, and so when there will be room again: the Retry-After of a 503.
// Threads: `acked` and `seconds_until_room` from any, `tick` from one, about once a second. Nothing fails.
//   rate.acked(bytes);  rate.tick(1.0);  rate.seconds_until_room(bytes_held) == 3
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>

namespace loom::ingest {

class DrainRate {
 public:
  void acked(std::size_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void tick(double seconds) {
    auto now = static_cast<double>(bytes_.exchange(0, std::memory_order_relaxed)) / std::max(seconds, 1e-3);
    auto before = per_second_.load(std::memory_order_relaxed);
    per_second_.store(before == 0 ? now : before * 0.6 + now * 0.4, std::memory_order_relaxed);
  }
  /// From 1 to 30: half of what is held has to go before a wave of retries fits.
  [[nodiscard]] int seconds_until_room(std::size_t held) const {
    auto rate = per_second_.load(std::memory_order_relaxed);
    if (held == 0) return 1;
    if (rate < 1) return longest;
    return std::clamp(static_cast<int>(std::ceil(static_cast<double>(held) / 2 / rate)), 1, longest);
  }
  static constexpr int longest = 30;

 private:
  std::atomic<std::size_t> bytes_{0};
  std::atomic<double> per_second_{0};
};

}  // namespace loom::ingest
