// The one way into Kafka: idempotent, acks=all, murmur2, warmed before use, bounded by a byte budget. A fatal error of
// librdkafka's producer is normal life: a new one is made inside and what was not acknowledged is sent again, in order.
// Ownership: `send` takes the record; it lives until `done` was called, exactly once, with where it lies or why not.
// Threads: `send` from any. `done` runs on the thread that calls `serve` (Polling::by_caller) or on the producer's own.
//   auto producer = Producer::open(settings, {}, log);
//   (*producer)->send({topic, key, value}, [](Result<Delivery> where) { ... });
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/log.h"
#include "loom/error.h"
#include "model/cluster_settings.h"
#include "model/record.h"

namespace loom::kafka {

using model::ClusterSettings;
using model::OutRecord;
using model::Record;
using model::TopicPartition;

struct Delivery {
  Partition partition;
  Offset offset;
};
using Done = std::function<void(Result<Delivery>)>;

struct ProducerOptions {
  enum class Polling { own_thread, by_caller };
  Polling polling = Polling::own_thread;
  std::chrono::milliseconds linger{5};
  /// After this a record fails with `timeout` (its outcome is unknown). 0 = keep trying for ever (stages).
  std::chrono::milliseconds delivery_timeout{0};
  std::size_t max_message_bytes = 16u << 20;  // what librdkafka lets through; topics have their own limit
  std::string compression = "none";           // per producer: what leaves this process
};

class Producer {
 public:
  /// Makes the producer and returns at once; an unreachable broker is no error here. Errors: configuration.
  static Result<std::unique_ptr<Producer>> open(const ClusterSettings& settings, ProducerOptions options, Log log);
  /// Drops what is in flight: call `flush` first.
  virtual ~Producer() = default;

  /// Errors: full (the byte budget; `done` is not called), too_large, not_found (no such topic), configuration.
  /// On an error `record` is left with the caller, unmoved.
  virtual Result<void> send(OutRecord&& record, Done done) = 0;

  /// by_caller: write a byte-count to this eventfd whenever `serve` has something to do.
  virtual void wake(int eventfd) = 0;
  /// Runs the `done` of everything answered so far; waits at most `wait`. Returns how many.
  virtual std::size_t serve(std::chrono::milliseconds wait) = 0;

  /// Blocks until the topic's metadata is known and the idempotent producer has its id, or the time is up
  /// (unavailable).
  virtual Result<void> warm(const TopicName& topic, std::chrono::milliseconds wait) = 0;
  /// Waits until nothing is in flight. Errors: timeout, naming how many are left.
  virtual Result<void> flush(std::chrono::milliseconds wait) = 0;

  [[nodiscard]] virtual std::size_t bytes_in_flight() const = 0;
  [[nodiscard]] virtual std::size_t records_in_flight() const = 0;
  /// How long ago a broker last answered (an ack or a metadata answer); for readiness.
  [[nodiscard]] virtual std::chrono::milliseconds since_broker_answered() const = 0;
};

}  // namespace loom::kafka
