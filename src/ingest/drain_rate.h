// How fast Kafka takes what Loom holds: when there will be room again (the Retry-After of a 503), and how much may wait
// for it, so that what is accepted is stored within `longest_wait` also when Kafka is slower than the clients. The rate
// counts only while there was a backlog all the time: otherwise it is the clients'.
// Threads: `acked`, `seconds_until_room` and `is_crowded` from any, `tick` from one, about twice a second. Nothing
// fails.
//   rate.acked(bytes);  rate.tick(0.5, producer.bytes_in_flight());  if (rate.is_crowded(bytes_in_flight)) refuse();
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <limits>

namespace loom::ingest {

class DrainRate {
 public:
  explicit DrainRate(double longest_wait_s = 5) : longest_wait_s_(longest_wait_s) {}

  void acked(std::size_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void tick(double seconds, std::size_t waiting) {
    auto now = static_cast<double>(bytes_.exchange(0, std::memory_order_relaxed)) / std::max(seconds, 1e-3);
    auto before = per_second_.load(std::memory_order_relaxed);
    per_second_.store(before == 0 ? now : before * 0.6 + now * 0.4, std::memory_order_relaxed);
    bool is_backlog = waiting > always_room;
    room_.store(is_backlog && was_backlog_ ? room_at(now) : wider(room_.load(std::memory_order_relaxed)),
                std::memory_order_relaxed);
    was_backlog_ = is_backlog;
  }
  /// `waiting` bytes for Kafka are more than it takes within the longest wait.
  [[nodiscard]] bool is_crowded(std::size_t waiting) const { return waiting > room_.load(std::memory_order_relaxed); }
  /// From 1 to 30: half of what is held has to go before a wave of retries fits.
  [[nodiscard]] int seconds_until_room(std::size_t held) const {
    auto rate = per_second_.load(std::memory_order_relaxed);
    if (held == 0) return 1;
    if (rate < 1) return longest;
    return std::clamp(static_cast<int>(std::ceil(static_cast<double>(held) / 2 / rate)), 1, longest);
  }
  static constexpr int longest = 30;
  static constexpr std::size_t always_room = 1 << 20;

 private:
  std::size_t room_at(double now) {
    backlog_rate_ = backlog_rate_ == 0 ? now : backlog_rate_ * 0.6 + now * 0.4;
    return std::max(always_room, static_cast<std::size_t>(backlog_rate_ * longest_wait_s_));
  }
  std::size_t wider(std::size_t room) {
    backlog_rate_ = 0;
    return room > std::numeric_limits<std::size_t>::max() / 2 ? room : room * 2;
  }

  const double longest_wait_s_;
  double backlog_rate_ = 0;  // 0: not known
  bool was_backlog_ = false;
  std::atomic<std::size_t> bytes_{0}, room_{std::numeric_limits<std::size_t>::max()};
  std::atomic<double> per_second_{0};
};

}  // namespace loom::ingest
