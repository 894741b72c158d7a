#include "ingest/address.h"

#include "base/ids.h"

namespace loom::ingest {
namespace {

constexpr std::size_t record_overhead = 512;  // key, headers and Kafka's own framing count towards a topic's limit

}  // namespace

void stamp(Accepted& accepted, Micros now, std::string_view traceparent) {
  auto& message = accepted.message;
  message.timestamp = now;
  if (!accepted.recorded) message.recorded_at = now;
  if (message.message_id.empty()) message.message_id = new_message_id(now);
  if (!message.trace_id.empty()) return;
  auto given = traceparent.empty() ? std::nullopt : trace_id_of(traceparent);
  message.trace_id = given ? std::move(*given) : new_trace_id();
}

Checked<model::OutRecord> address(const Accepted& accepted) {
  const auto& spec = *accepted.type->spec;
  const auto& message = accepted.message;
  model::OutRecord record;
  model::encode(record.value, message);
  auto limit = accepted.type->max_message_bytes;
  if (record.value.size() + record_overhead > limit) {
    auto refusal = refuse(ErrorKind::too_large,
                          "the message has " + std::to_string(record.value.size()) + " bytes; topic '" +
                              spec.topic.get() + "' takes " + std::to_string(limit),
                          {.field = "data",
                           .remedy = "send less, or raise topics." + spec.topic.get() + ".max_message_bytes",
                           .code = {}});
    tell(refusal.value(), "limit", static_cast<double>(limit));
    return refusal;
  }
  record.topic = spec.topic;
  record.key = spec.key == model::KeyBy::message_id ? message.message_id : std::string(message.device_id);
  record.timestamp_ms = message.timestamp / 1000;
  record.headers.reserve(5);
  record.headers.emplace_back("message_id", message.message_id);
  record.headers.emplace_back("message_type", spec.name.get());
  record.headers.emplace_back("part", "");
  record.headers.emplace_back("traceparent", make_traceparent(message.trace_id, new_span_id()));
  record.headers.emplace_back("content-type", "application/json");
  return record;
}

}  // namespace loom::ingest
