// The Runner itself, with Kafka passed in, so that tests can give it fakes. See runner.h for what it promises.
// Threads: `run` is the poll thread; workers and the producer's thread meet it in LaneQueue and Returns only.
//   ConsumeLoop loop(ports, options, work, registry, log);  loop.run(stop);
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kafka/producer.h"
#include "runner/partitions.h"
#include "runner/runner.h"
#include "runner/start_offsets.h"
#include "runner/worker_loop.h"

namespace loom::runner {

/// All that the loop needs from outside.
struct Ports {
  std::function<Result<std::string>(const std::atomic<bool>& stop)> cluster_id;  // blocks, but for a stop
  std::function<Result<std::unique_ptr<kafka::Producer>>()> open_producer;
  std::function<Result<std::unique_ptr<kafka::Consumer>>(kafka::ConsumerOptions, kafka::ConsumerEvents)> open_consumer;
  /// Where a joining stage starts (lookback.h).
  std::function<Result<Starts>(std::span<const model::TopicPartition>, std::chrono::milliseconds lookback)> lookback{};
  std::size_t budget = 64u << 20;
  Clock clock = system_clock();
  Clock steady{};  // what joining stages wait by; empty: the machine's
  Backoff backoff;
  /// How long a rebalance may wait for records in flight. Long enough for a batch and its acknowledgement, so that few
  /// records are handled twice; short against the session timeout (6 s at least), so that a stuck handler costs the
  /// group a second and not its member.
  std::chrono::milliseconds revoke_wait{1000};
};

struct Engine;
struct Crew;

class ConsumeLoop : public Runner {
 public:
  ConsumeLoop(Ports ports, RunnerOptions options, Work work, Registry& registry, Log log);
  ~ConsumeLoop() override;
  Result<void> run(const std::atomic<bool>& stop) override;

 private:
  Result<void> start(const std::atomic<bool>& stop);
  Result<void> open_joiners(const std::atomic<bool>& stop);
  Result<void> hire_workers(const std::atomic<bool>& stop);
  [[nodiscard]] StartOffsets::Ask starts_of_work() const;
  Result<void> join_group();
  Result<void> consume(const std::atomic<bool>& stop);
  void drain();
  void part_with_workers(std::chrono::steady_clock::time_point deadline);

  void assigned(std::span<const model::TopicPartition> partitions);
  void revoked(std::span<const model::TopicPartition> partitions, bool lost);
  void take_in(std::vector<model::Record> records);
  void take_back(std::chrono::microseconds wait);
  void settle_in_flight(const std::vector<Assignment*>& assignments, std::chrono::steady_clock::time_point deadline);
  void reposition(const RepositionRequest& request);
  void seek_pending();
  void want_starts();
  [[nodiscard]] kafka::Offsets to_commit();
  void commit();
  void each_second();

  Ports ports_;
  RunnerOptions options_;
  Work work_;
  Registry& registry_;
  Log log_;
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<Crew> crew_;
  std::unique_ptr<StartOffsets> starts_;
  std::unique_ptr<kafka::Consumer> consumer_;
  std::vector<Item*> admitted_, returned_;
  std::vector<RepositionRequest> requests_;
  Micros commit_at_ = 0, report_at_ = 0;
};

}  // namespace loom::runner
