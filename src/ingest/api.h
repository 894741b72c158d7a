// The unified API: HTTP in, Kafka out, answered from the delivery report only.
// Ownership: the catalogue and the registry outlive the Api; the producer is handed over. Threads: `run` blocks its
// caller; a helper thread of its own keeps the producer warm. Errors of `open`: unavailable (the address is in use),
// configuration.
//   auto api = Api::open(catalogue, std::move(producer), registry, log, {});   return (*api)->run(stop);
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "kafka/producer.h"
#include "model/catalogue.h"

namespace loom::ingest {

struct ApiHooks {
  Clock clock = system_clock();
  Clock steady = steady_now;  // of the keys' rates: never goes back
  std::function<std::optional<int>()> replicas{};  // of the topics, for /readyz; called from the helper thread
  std::chrono::milliseconds drain_timeout{10000};
};

class Api {
 public:
  /// `producer` was opened with Polling::by_caller.
  static Result<std::unique_ptr<Api>> open(const model::Catalogue& catalogue, std::unique_ptr<kafka::Producer> producer,
                                           Registry& registry, Log log, ApiHooks hooks);
  ~Api();

  /// Serves until `stop`; then takes nothing new, answers what is in flight (up to drain_timeout) and returns.
  Result<void> run(const std::atomic<bool>& stop);
  [[nodiscard]] int port() const;

 private:
  struct State;
  explicit Api(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace loom::ingest
