// What the one consume loop runs: a Work says how records are grouped and makes the Workers that handle them. A stage
// is a Work (stage_work.h), the sink is another. Workers know nothing of consuming, committing or dead-letter topics.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kafka/consumer.h"
#include "loom/joiner.h"
#include "loom/outcome.h"
#include "model/record.h"

namespace loom::runner {

/// Settled by the worker itself, nothing to send: "stored", "repeated", "merged", "not_ours".
struct Done {
  std::string_view how;  // a literal: it becomes a metric label
};
/// Somebody else moved this partition on (the sink's compare-and-set failed): forget what is queued, read on at `next`.
struct Reposition {
  Offset next;
};
using Verdict = std::variant<Emit, Drop, Retry, Reject, Joined, Done, Reposition, Taken>;

struct Rejected {
  const model::Record* record;
  Error error;
};

/// What a worker may ask of the runner. Valid as long as the worker; from the worker's own thread.
struct WorkerContext {
  std::string cluster_id;
  /// Writes dead letters and returns when all are acknowledged; for a worker that settles in a transaction of its own.
  std::function<Result<void>(std::span<const Rejected>)> dead_letter;
};

/// Made and used by one thread. `handle` gets records in order within each lane (a key, or a partition); it returns one
/// verdict a record, in order. A Retry holds its lane and no other: those records come again, first.
class Worker {
 public:
  virtual ~Worker() = default;
  virtual std::vector<Verdict> handle(std::span<const model::Record* const> records) = 0;
};

class Joiners;

struct Work {
  /// Records without a key are independent of each other, or (by_key_or_partition) as of one key.
  enum class Order { by_key, by_key_or_partition, by_partition };
  Order order = Order::by_key;
  int workers = 1;
  std::size_t batch_records = 1;  // most records of one `handle`
  std::size_t batch_bytes = 16u << 20;
  std::chrono::milliseconds batch_wait{0};  // how long a batch that is not full may wait for more
  int circuit_threshold = 0;  // calls in a row that fail for want of infrastructure, until only probes are made; 0: none
  /// Whether a Retry for the data is a dead letter after RunnerOptions::attempts. False: it is a whole batch's and says
  /// nothing of its records.
  bool attempts_end = true;
  std::function<Result<std::unique_ptr<Worker>>(const WorkerContext&)> make_worker;

  /// Instead of workers' own handling: each record goes to the memory of its key. Reads the lookback at assignment.
  std::function<Result<std::shared_ptr<Joiners>>(const std::string& cluster_id)> make_joiners{};
  std::chrono::milliseconds lookback{0};

  /// Only for work whose offsets live elsewhere (the sink): where each newly assigned partition starts. Runs off the
  /// poll thread; on an error the partitions stay assigned and unread, and it is asked again with backoff.
  std::function<Result<kafka::Offsets>(std::span<const model::TopicPartition>)> start_offsets;
};

}  // namespace loom::runner
