// Lanes, shared: the poll thread adds, workers take. One lock a batch: `take` also gives back what was taken before, and
// tells the circuit how it went. While that is open, workers wait here, and one of them tries a record now and then.
// Threads: any. Items that may not be handled any more go to `returns`. `told` hears of the circuit's turns, from a
// worker and under the lock.
//   while (queue.take(batch, again, answer)) { again.clear(); ... }
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/clock.h"
#include "runner/circuit.h"
#include "runner/lanes.h"
#include "runner/returns.h"

namespace loom::runner {

/// How the calls of a batch went; `error` where they failed.
struct CallAnswer {
  Circuit::Answer answer = Circuit::Answer::says_nothing;
  std::string error{};
};

class LaneQueue {
 public:
  using Told = std::function<void(Circuit::Turn, const CallAnswer&)>;
  LaneQueue(BatchLimits limits, Returns& returns, Circuit::Settings circuit = {}, Told told = {})
      : lanes_(limits), circuit_(circuit), returns_(returns), told_(std::move(told)) {}

  void add(std::span<Item* const> items);
  void give_back(Item* item);
  /// Ends the batch (`again` of it come again), then waits for the next; false when the queue is closed.
  bool take(Batch& batch, std::span<Item* const> again, const CallAnswer& answer = {});
  /// After assignments were closed: their queued records go to `returns`.
  void drop_closed();
  void close();  // `take` answers false

 private:
  void end(Batch& batch, std::span<Item* const> again, const CallAnswer& answer);
  bool try_take(Batch& batch);
  [[nodiscard]] std::optional<Micros> next_time() const;

  std::mutex mutex_;
  std::condition_variable changed_;
  Lanes lanes_;
  Circuit circuit_;
  Returns& returns_;
  const Told told_;
  std::size_t waiting_ = 0;
  bool is_closed_ = false;
};

}  // namespace loom::runner
