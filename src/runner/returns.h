// The way back to the poll thread: records that are settled (`how` says how) or dropped (`how` is empty), and
// partitions that have to be read from elsewhere. Only the poll thread touches trackers and frees records, so this is
// all that it shares with workers and the producer. Threads: `put` and `ask` from any; `collect` from the poll thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <span>
#include <vector>

#include "runner/item.h"

namespace loom::runner {

struct RepositionRequest {
  std::uint64_t serial = 0;  // of the assignment that asked; a later one has its own position
  model::TopicPartition partition;
  std::optional<Offset> next;                 // absent: where the consumer stands
  std::optional<Offset> settle_from{};        // what comes before is only remembered
};

class Returns {
 public:
  void put(Item* item) { put(std::span<Item* const>(&item, 1)); }
  void put(std::span<Item* const> items) {
    if (items.empty()) return;
    std::lock_guard lock(mutex_);
    items_.insert(items_.end(), items.begin(), items.end());
    if (is_awaited_) arrived_.notify_one();
  }
  void ask(RepositionRequest request) {
    std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }

  /// What came since the last call, after waiting for something to come: `items` is replaced, `requests` grows.
  void collect(std::vector<Item*>& items, std::vector<RepositionRequest>& requests, std::chrono::microseconds wait) {
    items.clear();
    std::unique_lock lock(mutex_);
    if (wait.count() > 0) {
      is_awaited_ = true;
      arrived_.wait_for(lock, wait, [&] { return !items_.empty(); });
      is_awaited_ = false;
    }
    items.swap(items_);
    requests.insert(requests.end(), requests_.begin(), requests_.end());
    requests_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Item*> items_;
  std::vector<RepositionRequest> requests_;
  bool is_awaited_ = false;
};

}  // namespace loom::runner
