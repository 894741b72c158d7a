// A member of a consumer group. KIP-848 when the broker has it, else classic (cooperative-sticky, or range with an old
// librdkafka). Bytes fetched are bounded by the budget; a partition is held back by not reading its queue, so that its
// prefetch is kept, or, when many are held, by not fetching it (decision 0033). Offsets are committed by the caller only; groups without one start at the earliest.
// Threads: everything from one thread (the poll thread), which never runs a handler. Events run inside `poll`.
//   auto consumer = Consumer::open(settings, {.group = ConsumerGroup{"g"}, .topics = {topic}}, events, log);
//   for (auto& record : (*consumer)->poll(100ms, 1000)) ...
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/log.h"
#include "loom/error.h"
#include "model/cluster_settings.h"
#include "model/record.h"

namespace loom::kafka {

using model::ClusterSettings;
using model::OutRecord;
using model::Record;
using model::TopicPartition;

using Offsets = std::map<TopicPartition, Offset>;

struct ConsumerOptions {
  ConsumerGroup group;
  std::vector<TopicName> topics;
  /// Newly assigned partitions start held: nothing is delivered before `seek` and `release` (the sink, whose offsets
  /// live in the database).
  bool assign_held = false;
  bool tell_end = false;  // `is_at_end` is wanted
};

struct ConsumerEvents {
  std::function<void(std::span<const TopicPartition>)> assigned;
  /// Called before they are given up: the last moment to commit. `lost` partitions already belong to somebody else.
  std::function<void(std::span<const TopicPartition>, bool lost)> revoked;
};

class Consumer {
 public:
  /// Returns at once; a broker that is away is waited for. Errors: configuration.
  static Result<std::unique_ptr<Consumer>> open(const ClusterSettings& settings, ConsumerOptions options,
                                                ConsumerEvents events, Log log);
  virtual ~Consumer() = default;  // leaves the group if `close` was not called

  /// Up to `max` (at least 1) records of partitions that are not held; serves rebalances. Errors are logged and waited
  /// out, but for those an operator must mend (authorization, configuration), which are returned.
  virtual Result<std::vector<Record>> poll(std::chrono::milliseconds wait, std::size_t max) = 0;

  /// Nothing of it is delivered until `release`; what was read meanwhile is kept and then comes first, in order.
  virtual void hold(const TopicPartition& partition) = 0;
  virtual void release(const TopicPartition& partition) = 0;
  /// Next record to be delivered is the one at `offset`; what was fetched before is thrown away, also from `poll`'s
  /// later answers. Inside `assigned` it sets where the partition starts. Errors: unavailable (call again), not_found
  /// (not assigned).
  virtual Result<void> seek(const TopicPartition& partition, Offset offset) = 0;
  /// Next offsets to read. Asynchronous, the latest wins; errors are logged. Never for revoked partitions.
  virtual void commit(const Offsets& next) = 0;
  /// Waits for the answer. What fails is logged by the caller, and tried again while its partition stays.
  virtual Result<void> commit_now(const Offsets& next, std::chrono::milliseconds wait) = 0;
  /// All that the broker had, when it was asked last, was delivered.
  [[nodiscard]] virtual bool is_at_end(const TopicPartition& partition) = 0;
  /// Revokes (calling `revoked`), leaves the group.
  virtual void close() = 0;
  [[nodiscard]] virtual std::chrono::milliseconds since_broker_answered() const = 0;
};

}  // namespace loom::kafka
