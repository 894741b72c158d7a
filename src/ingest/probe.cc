#include "ingest/probe.h"

namespace loom::ingest {
namespace {

constexpr std::string_view seconds = "loom_ingest_seconds";
constexpr std::string_view seconds_help = "From a request's arrival to its answer";

}  // namespace

Probe::Probe(Registry& registry)
    : bytes_held(registry.gauge("loom_ingest_bytes_held", "Bodies in memory and records in flight, in bytes")),
      records_in_flight(
          registry.gauge("loom_ingest_records_in_flight", "Records sent to Kafka and not yet acknowledged")),
      connections(registry.gauge("loom_http_connections", "Open connections")),
      ready(registry.gauge("loom_ingest_ready", "1 when /readyz says 200")),
      registry_(registry),
      single_seconds_(registry.histogram(seconds, seconds_help, {{"endpoint", "message"}})),
      batch_seconds_(registry.histogram(seconds, seconds_help, {{"endpoint", "batch"}})) {}

void Probe::answered(const Job& job) {
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - job.started;
  (job.shape == Shape::single ? single_seconds_ : batch_seconds_).observe(took.count());
  for (std::size_t i = 0; i < job.count; ++i) {
    const auto& slot = job.slots[i];
    if (slot.state == Slot::State::refused)
      refused(slot.type ? slot.type->spec->name.get() : "", slot.refusal->error.kind);
  }
}

void Probe::refused(std::string_view type, ErrorKind kind) {
  registry_
      .counter("loom_ingest_rejected_total", "Messages not accepted, by why",
               {{"type", std::string(type)}, {"kind", std::string(traits_of(kind).name)}})
      .add();
}

void Probe::refused_by_server(int status) {
  registry_
      .counter("loom_http_refused_total", "Requests refused before their body was read",
               {{"status", std::to_string(status)}})
      .add();
}

}  // namespace loom::ingest
