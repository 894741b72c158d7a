// What the runner measures, per group and topic, so that stages do not have to. Made once per input topic; the Registry
// outlives it. Threads: any.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "loom/error.h"
#include "loom/named.h"
#include "runner/circuit.h"

namespace loom::runner {

struct TopicTelemetry {
  TopicTelemetry(Registry& registry, const ConsumerGroup& group, const TopicName& topic);

  Counter& records_in;
  Histogram& handle_seconds;
  Histogram& wait_seconds;
  Gauge& stuck_seconds;
  Gauge& in_flight_bytes;
  Gauge& partitions;
  void settled(std::string_view how);  // poll thread only; `how` is a literal
  void retried(ErrorKind kind);

 private:
  Registry& registry_;
  Labels labels_;
  std::vector<std::pair<std::string_view, Counter*>> outcomes_;
};

/// The stage's circuit, as it is seen: a gauge, and a line in the log when it opens and closes. Threads: one at a time.
class CircuitTelemetry {
 public:
  CircuitTelemetry(Registry& registry, const ConsumerGroup& group, Log log);
  void told(Circuit::Turn turn, const std::string& error);

 private:
  Gauge& open_;
  Counter& opened_;
  Log log_;
  std::chrono::steady_clock::time_point since_{};
};

class Telemetry {
 public:
  Telemetry(Registry& registry, ConsumerGroup group) : registry_(registry), group_(std::move(group)) {}
  TopicTelemetry& of(const TopicName& topic);
  [[nodiscard]] const std::map<TopicName, std::unique_ptr<TopicTelemetry>>& all() const { return topics_; }

 private:
  Registry& registry_;
  ConsumerGroup group_;
  std::map<TopicName, std::unique_ptr<TopicTelemetry>> topics_;
};

}  // namespace loom::runner
