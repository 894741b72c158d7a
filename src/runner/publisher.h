// Sends what a verdict became and reports each record once: settled when all its outputs are acknowledged, failed when
// one of them could not be delivered. A full producer is waited for (backpressure), nothing is lost for it.
// Ownership: an item is the publisher's from `publish` until `settled` or `failed` is called with it.
// Threads: `publish` and `deliver` from workers; the events run on the worker's or the producer's thread.
//   publisher.publish(item, composer.outputs(...));
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "kafka/producer.h"
#include "runner/item.h"

namespace loom::runner {

class Publisher {
 public:
  struct Events {
    std::function<void(Item*)> settled;
    std::function<void(Item*, Error)> failed;
  };
  Publisher(kafka::Producer& producer, Events events) : producer_(producer), events_(std::move(events)) {}

  void publish(Item* item, std::vector<model::OutRecord> records);
  /// Sends and waits until all are acknowledged. Errors: the first failed delivery's; unavailable when abandoned.
  Result<void> deliver(std::vector<model::OutRecord> records);
  /// Who waits gives up: the process ends.
  void abandon();
  [[nodiscard]] bool is_abandoned() const { return is_abandoned_.load(std::memory_order_acquire); }

 private:
  using IsWanted = std::function<bool()>;
  Result<void> send(model::OutRecord& record, const kafka::Done& done, const IsWanted& is_wanted);
  void fail_one(Item* item, Error error);
  void release(Item* item);
  void answered();

  kafka::Producer& producer_;
  Events events_;
  std::mutex mutex_;  // failures of items, and the waits
  std::condition_variable answered_;
  std::atomic<int> waiting_{0};
  std::atomic<bool> is_abandoned_{false};
};

}  // namespace loom::runner
