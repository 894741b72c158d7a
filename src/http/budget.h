// Bytes that may be held at one time, counted from any thread: request bodies and records in flight share one.
// Ownership: shared by pointer between who takes and who gives back. Nothing fails but `take`.
//   if (!budget.take(n)) return refuse();   …   budget.give(n);
#pragma once

#include <atomic>
#include <cstddef>

namespace loom::http {

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}

  /// All or nothing. Something larger than the whole is let through when nothing else is held: it must go some time.
  [[nodiscard]] bool take(std::size_t bytes) {
    auto before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_ || before == 0) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace loom::http
