#include "model/message.h"

#include <charconv>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"

namespace loom::model {
namespace {

constexpr json::Limits record_limits{.depth = 128, .allow_nul = false};  // the edge's 64, and what stages put around it

std::string text_at(const json::Value& value, std::string_view key) {
  auto member = value.get(key);
  if (!member) return {};
  if (auto text = member->string()) return std::string(*text);
  return member->number() ? member->text() : std::string();  // foreign programs number their devices
}

std::optional<Micros> time_at(const json::Value& value, std::string_view key) {
  auto member = value.get(key);
  if (!member) return std::nullopt;
  if (auto text = member->string()) return parse_time(*text);
  if (auto number = member->number()) return time_of_number(*number);
  return std::nullopt;
}

/// A header of ours wins over the value, which a foreign stage may have copied from elsewhere.
Identity identity_in(const Record& record, const json::Value* value, std::string_view cluster_id) {
  Identity identity;
  auto id = canonical_uuid(record.header("message_id").value_or(""));
  if (!id && value) id = canonical_uuid(text_at(*value, "message_id"));
  identity.message_id =
      id ? *id : derived_message_id(cluster_id, record.topic(), record.partition().get(), record.offset().get());
  if (auto part = record.header("part"))
    identity.part = *part;
  else if (value)
    identity.part = text_at(*value, "part");
  return identity;
}

/// When Kafka got it; a replayed dead letter says when that was the first time.
Micros arrival_of(const Record& record) {
  std::int64_t ms = 0;
  auto first = record.header("loom-origin-timestamp").value_or("");
  auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), ms);
  bool is_said = !first.empty() && error == std::errc() && end == first.data() + first.size();
  return (is_said ? ms : record.timestamp_ms()) * 1000;
}

std::string trace_of(const Record& record, const json::Value& value) {
  auto trace = text_at(value, "trace_id");
  if (!trace.empty()) return trace;
  return trace_id_of(record.header("traceparent").value_or("")).value_or("");
}

std::string type_of(const Record& record, const json::Value& value) {
  if (auto type = record.header("message_type"); type && !type->empty()) return std::string(*type);
  auto type = text_at(value, "message_type");
  return type.empty() ? text_at(value, "message_type_id") : type;
}

void append_text(std::string& to, std::string_view name, std::string_view plain) {
  to += name;
  to += plain;
  to += '"';
}

void append_time(std::string& to, std::string_view name, Micros time) {
  to += name;
  append_rfc3339(to, time);
  to += '"';
}

}  // namespace

void encode(std::string& to, const EdgeMessage& message) {
  to.reserve(to.size() + message.data.size() + message.metadata.size() + message.device_id.size() + 400);
  append_text(to, R"({"schema_version":"1.0","message_id":")", message.message_id);
  append_text(to, R"(,"message_type":")", message.message_type);
  to += R"(,"device_id":)";
  json::append_string(to, message.device_id);
  append_time(to, R"(,"recorded_at":")", message.recorded_at);
  append_time(to, R"(,"timestamp":")", message.timestamp);
  to += R"(,"trace_id":)";
  json::append_string(to, message.trace_id);
  if (!message.pipeline_hint.empty()) {
    to += R"(,"pipeline_hint":)";
    json::append_string(to, message.pipeline_hint);
  }
  to += R"(,"data":)";
  append_large(to, message.data);
  to += R"(,"metadata":)";
  to += message.metadata;
  to += '}';
}

Result<Envelope> decode(const Record& record, std::string_view cluster_id, json::Document& document) {
  auto parsed = document.parse(record.value(), record_limits);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  if (!parsed->is_object())
    return fail(ErrorKind::malformed, "the record is JSON, but " + std::string(name_of(parsed->kind())) + ", no object",
                {.remedy = "send one JSON object a record"});
  Envelope envelope;
  envelope.identity = identity_in(record, &*parsed, cluster_id);
  envelope.message_type = type_of(record, *parsed);
  envelope.device_id = text_at(*parsed, "device_id");
  envelope.trace_id = trace_of(record, *parsed);
  envelope.pipeline_hint = text_at(*parsed, "pipeline_hint");
  auto timestamp = time_at(*parsed, "timestamp");
  envelope.timestamp = timestamp ? *timestamp : arrival_of(record);
  envelope.recorded_at = time_at(*parsed, "recorded_at").value_or(envelope.timestamp);
  envelope.json = document.text();
  envelope.value = *parsed;
  return envelope;
}

Identity identity_of(const Record& record, std::string_view cluster_id) {
  if (record.header("part") && canonical_uuid(record.header("message_id").value_or("")))
    return identity_in(record, nullptr, cluster_id);
  json::Document document;
  auto parsed = document.parse(record.value(), record_limits);
  bool readable = parsed && parsed->is_object();
  return identity_in(record, readable ? &*parsed : nullptr, cluster_id);
}

}  // namespace loom::model
