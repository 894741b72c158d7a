#include "runner/telemetry.h"

namespace loom::runner {

TopicTelemetry::TopicTelemetry(Registry& registry, const ConsumerGroup& group, const TopicName& topic)
    : records_in(registry.counter("loom_records_in_total", "Records read from the topic",
                                  {{"group", group.get()}, {"topic", topic.get()}})),
      handle_seconds(registry.histogram("loom_handle_seconds", "Time a handler takes for one call",
                                        {{"group", group.get()}, {"topic", topic.get()}})),
      wait_seconds(registry.histogram("loom_wait_seconds", "Time the oldest record of a batch waited for its handler",
                                      {{"group", group.get()}, {"topic", topic.get()}})),
      stuck_seconds(registry.gauge("loom_stuck_seconds",
                                   "Age of the oldest record that is being retried, 0 when there is none",
                                   {{"group", group.get()}, {"topic", topic.get()}})),
      in_flight_bytes(registry.gauge("loom_in_flight_bytes", "Bytes of records read and not yet settled",
                                     {{"group", group.get()}, {"topic", topic.get()}})),
      partitions(registry.gauge("loom_partitions", "Partitions assigned to this process",
                                {{"group", group.get()}, {"topic", topic.get()}})),
      registry_(registry),
      labels_{{"group", group.get()}, {"topic", topic.get()}} {}

void TopicTelemetry::settled(std::string_view how) {
  for (auto& [name, counter] : outcomes_)
    if (name == how) return counter->add();
  auto labels = labels_;
  labels.emplace_back("outcome", how);
  auto& counter = registry_.counter("loom_settled_total", "Records settled, by how", labels);
  outcomes_.emplace_back(how, &counter);
  counter.add();
}

void TopicTelemetry::retried(ErrorKind kind) {
  auto labels = labels_;
  labels.emplace_back("kind", traits_of(kind).name);
  registry_.counter("loom_retries_total", "Records that have to come again, by the error's kind", labels).add();
}

CircuitTelemetry::CircuitTelemetry(Registry& registry, const ConsumerGroup& group, Log log)
    : open_(registry.gauge("loom_circuit_open",
                           "1 while the stage's engine fails and one record at a time is tried, else 0",
                           {{"group", group.get()}})),
      opened_(registry.counter("loom_circuit_opened_total", "How often the stage's circuit opened",
                               {{"group", group.get()}})),
      log_(std::move(log)) {}

void CircuitTelemetry::told(Circuit::Turn turn, const std::string& error) {
  auto now = std::chrono::steady_clock::now();
  if (turn == Circuit::Turn::opened) {
    open_.set(1);
    opened_.add();
    since_ = now;
    log_.warn("circuit open: every call fails, records wait and one at a time is tried", {{"error", error}});
  } else if (turn == Circuit::Turn::closed) {
    open_.set(0);
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - since_).count();
    log_.info("circuit closed: calls work again", {{"seconds", seconds}});
  }
}

TopicTelemetry& Telemetry::of(const TopicName& topic) {
  auto& found = topics_[topic];
  if (!found) found = std::make_unique<TopicTelemetry>(registry_, group_, topic);
  return *found;
}

}  // namespace loom::runner
