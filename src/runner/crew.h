// What the workers of a ConsumeLoop share with it, and the workers themselves.
// Ownership: shared by the loop and each of its threads: a worker that never returns keeps these two, and nothing else,
// alive. Threads: workers and the producer's answers use an Engine at once; a Crew's members are guarded by its mutex.
//   auto engine = std::make_shared<Engine>(settings, work, registry, log);  std::thread([=] { crew->work(*engine, log,
//   backoff); });
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "kafka/producer.h"
#include "runner/partitions.h"
#include "runner/runner.h"
#include "runner/worker_loop.h"

namespace loom::runner {

struct EngineSettings {
  const RunnerOptions& options;
  std::size_t budget;  // bytes of records in hand
  Backoff backoff;
  Clock clock;
};

/// All that workers and the producer's answers touch.
struct Engine {
  Engine(const EngineSettings& settings, const Work& the_work, Registry& registry, const Log& log);
  ~Engine() { producer.reset(); }  // first: its answers call the rest

  Work work;
  Telemetry telemetry;
  Partitions partitions;
  std::shared_ptr<Returns> returns = std::make_shared<Returns>();
  Retries retries;
  CircuitTelemetry circuit;
  LaneQueue lanes;
  std::string cluster_id;
  std::unique_ptr<kafka::Producer> producer;
  std::unique_ptr<Composer> composer;
  std::unique_ptr<Publisher> publisher;
  std::shared_ptr<Joiners> joiners;  // where the work joins

  void open_publisher(std::unique_ptr<kafka::Producer> opened, ComposerSettings settings);
  void delivery_failed(Item* item, Error error);
};

/// The workers' threads, and how many of them still run.
struct Crew {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t ready = 0, running = 0;
  bool is_dismissed = false;
  std::optional<Error> error;
  std::vector<std::thread> threads;

  void work(Engine& engine, const Log& log, Backoff backoff);
  void watch_the_clock(Engine& engine);
  std::unique_ptr<Worker> make_worker(Engine& engine, WorkerLoop& loop, const Log& log, Backoff backoff);
};

}  // namespace loom::runner
