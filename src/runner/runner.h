// The one consume loop: poll → lane → worker → settle → commit. Order is kept per lane, work is parallel across lanes,
// batches cross lanes. Only the contiguous settled prefix of a partition is committed, nothing after a revoke.
// Emit, Drop and Reject settle when Kafka has acknowledged the output, the drop record, the dead letter.
// Threads: `run` owns the poll thread (the caller's), its workers and its producer; `stop` from any thread or a signal.
//   auto runner = Runner::open(settings, options, work, registry, log);  (*runner)->run(stop);
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "model/cluster_settings.h"
#include "runner/work.h"

namespace loom::runner {

struct RunnerOptions {
  ConsumerGroup group;
  std::string stage;     // the kind: "ocr", "store"; for metrics and dead letters
  std::string instance;  // this process, in loom-hop: host-pid
  std::vector<TopicName> inputs;
  std::optional<TopicName> output;
  std::vector<std::string> forward_drop;
  int attempts = 5;  // of a data error; infrastructure errors are retried for ever
  std::chrono::milliseconds commit_every{200};
  std::chrono::milliseconds drain_timeout{10000};
};

class Runner {
 public:
  static Result<std::unique_ptr<Runner>> open(const model::ClusterSettings& settings, RunnerOptions options, Work work,
                                              Registry& registry, Log log);
  virtual ~Runner() = default;
  /// Returns after `stop` became true and what was in flight is settled and committed (or the drain timeout passed),
  /// or with an error that an operator must mend.
  virtual Result<void> run(const std::atomic<bool>& stop) = 0;
};

}  // namespace loom::runner
