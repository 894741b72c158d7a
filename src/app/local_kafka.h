// A private Apache Kafka for local runs: one node that runs while `loom up` does, its data under .loom/kafka
// beside loom.yaml. Started when the bootstrap is one loopback address and nothing answers there.
// Ownership: the broker is a child of the Supervisor, which restarts and stops it; both hold the folder's lock.
// Threads: main's only. Errors: unavailable (something else has the port, no Java, it died: its last lines are given).
//   auto kafka = LocalKafka::ensure(catalogue.kafka, {catalogue.folder + "/.loom"}, supervisor, log);
//   if (kafka && (*kafka)->is_private()) …
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "app/kafka_folder.h"
#include "app/supervisor.h"
#include "base/log.h"
#include "model/cluster_settings.h"

namespace loom::app {

struct LocalKafkaOptions {
  std::string folder;                          // .loom
  std::chrono::milliseconds patience{90'000};  // with a Kafka of ours that starts
  std::chrono::milliseconds stranger{10'000};  // with whoever has the port: a broker may just be starting or ending
  int drain_order = 3;
};

class LocalKafka {
 public:
  /// Returns once a broker answers at the bootstrap: one that is there already, or a private one. An address that is
  /// not of this machine is left alone: whether it answers is for the caller to see. nullptr: a stop was asked for
  /// meanwhile.
  static Result<std::unique_ptr<LocalKafka>> ensure(const model::ClusterSettings& settings,
                                                    const LocalKafkaOptions& options, Supervisor& supervisor,
                                                    const Log& log);
  [[nodiscard]] bool is_private() const { return folder_ != nullptr; }

 private:
  std::shared_ptr<KafkaFolder> folder_;
};

}  // namespace loom::app
