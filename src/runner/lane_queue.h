// Lanes, shared: the poll thread adds, workers take. One lock a batch: `take` also gives back what was taken before.
// Threads: any. Items that may not be handled any more go to `returns`.
//   while (queue.take(batch, again)) { again.clear(); ... }
#pragma once

#include <condition_variable>
#include <mutex>

#include "runner/lanes.h"
#include "runner/returns.h"

namespace loom::runner {

[[nodiscard]] Micros steady_now();

class LaneQueue {
 public:
  LaneQueue(BatchLimits limits, Returns& returns) : lanes_(limits), returns_(returns) {}

  void add(std::span<Item* const> items);
  void give_back(Item* item);
  /// Ends the batch (`again` of it come again), then waits for the next; false when the queue is closed.
  bool take(Batch& batch, std::span<Item* const> again);
  /// After assignments were closed: their queued records go to `returns`.
  void drop_closed();
  void close();  // `take` answers false

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Lanes lanes_;
  Returns& returns_;
  std::size_t waiting_ = 0;
  bool is_closed_ = false;
};

}  // namespace loom::runner
