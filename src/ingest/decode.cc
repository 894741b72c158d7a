#include "ingest/decode.h"

#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "ingest/fields.h"

namespace loom::ingest {
namespace {

using Member = std::optional<json::Value>;

/// The members that mean something, each where it was found; null ones count as absent.
struct Members {
  Member type_id, type, device_id, data, metadata, recorded_at, timestamp, message_id, trace_id, hint;

  Member* named(std::string_view key) {
    switch (key.size()) {
      case 4:
        return key == "data" ? &data : nullptr;
      case 8:
        return key == "metadata" ? &metadata : key == "trace_id" ? &trace_id : nullptr;
      case 9:
        return key == "device_id" ? &device_id : key == "timestamp" ? &timestamp : nullptr;
      case 10:
        return key == "message_id" ? &message_id : nullptr;
      case 11:
        return key == "recorded_at" ? &recorded_at : nullptr;
      case 12:
        return key == "message_type" ? &type : nullptr;
      case 13:
        return key == "pipeline_hint" ? &hint : nullptr;
      case 15:
        return key == "message_type_id" ? &type_id : nullptr;
      default:
        return nullptr;
    }
  }
};

Members members_of(const json::Value& root) {
  Members members;
  root.each_member([&](std::string_view key, json::Value value) {
    auto* member = members.named(key);
    if (member && !value.is_null()) *member = value;
  });
  return members;
}

tl::unexpected<Refusal> missing(std::string field, std::string remedy) {
  return refuse(ErrorKind::missing_field, field + " is missing",
                {.field = field, .remedy = std::move(remedy), .code = {}});
}

tl::unexpected<Refusal> wrong_kind(std::string field, const json::Value& value, std::string_view wanted) {
  auto found = json::name_of(value.kind());
  auto refusal = refuse(ErrorKind::invalid_value,
                        field + " is of kind " + std::string(found) + ", wanted is " + std::string(wanted),
                        {.field = field, .remedy = "send it as " + std::string(wanted), .code = {}});
  tell(refusal.value(), "found", found);
  tell(refusal.value(), "wanted", wanted);
  return refusal;
}

using Step = Checked<void>;

Step read_type(const TypeTable& types, const Members& members, Accepted& to) {
  const auto& member = members.type_id ? members.type_id : members.type;
  if (!member) return missing("message_type_id", "name the type; GET /ingest/message-types lists them");
  auto name = member->string();
  if (!name) return wrong_kind("message_type_id", *member, "string");
  auto type = type_named(types, *name);
  if (!type) return tl::unexpected(std::move(type.error()));
  to.type = *type;
  to.message.message_type = to.type->spec->name.get();
  return {};
}

Step read_device(const Members& members, Accepted& to) {
  if (!members.device_id) return missing("device_id", "say which device sends this");
  auto text = members.device_id->string();
  if (!text) return wrong_kind("device_id", *members.device_id, "string");
  if (text->empty())
    return refuse(ErrorKind::invalid_value, "device_id is empty",
                  {.field = "device_id", .remedy = "say which device sends this", .code = {}});
  if (text->size() > max_device_id)
    return refuse(ErrorKind::invalid_value, "device_id has " + std::to_string(text->size()) + " bytes",
                  {.field = "device_id", .remedy = "send at most " + std::to_string(max_device_id), .code = {}});
  to.message.device_id = *text;
  return {};
}

Step read_time(const Members& members, Accepted& to) {
  const auto& member = members.recorded_at ? members.recorded_at : members.timestamp;
  if (!member) return {};
  std::optional<Micros> time;
  if (auto text = member->string())
    time = parse_time(*text);
  else if (auto number = member->number())
    time = time_of_number(*number);
  else
    return wrong_kind("recorded_at", *member, "timestamp");
  if (!time)
    return refuse(
        ErrorKind::invalid_value, "recorded_at is no time",
        {.field = "recorded_at", .remedy = "send RFC 3339 (2026-11-23T12:00:00Z) or seconds since 1970", .code = {}});
  to.message.recorded_at = *time;
  to.recorded = true;
  return {};
}

Step read_ids(const Members& members, Accepted& to) {
  if (members.message_id) {
    auto text = members.message_id->string();
    if (!text) return wrong_kind("message_id", *members.message_id, "string");
    auto canonical = canonical_uuid(*text);
    if (!canonical)
      return refuse(ErrorKind::invalid_value, "message_id is no UUID",
                    {.field = "message_id", .remedy = "send 8-4-4-4-12 hex digits, or leave it out", .code = {}});
    to.message.message_id = std::move(*canonical);
  }
  if (members.trace_id) {
    auto text = members.trace_id->string();
    if (!text) return wrong_kind("trace_id", *members.trace_id, "string");
    // a trace id that is none is not worth refusing data for: a new one is answered
    if (auto trace = trace_id_of("00-" + std::string(text->substr(0, 64)) + "-0000000000000001-01"))
      to.message.trace_id = *trace;
  }
  return {};
}

Step read_hint(const Members& members, Accepted& to) {
  to.message.pipeline_hint = to.type->spec->hint;
  if (!members.hint) return {};
  auto text = members.hint->string();
  if (!text) return wrong_kind("pipeline_hint", *members.hint, "string");
  if (text->size() > max_hint)
    return refuse(ErrorKind::invalid_value, "pipeline_hint has " + std::to_string(text->size()) + " bytes",
                  {.field = "pipeline_hint", .remedy = "send at most " + std::to_string(max_hint), .code = {}});
  to.message.pipeline_hint = *text;
  return {};
}

Step read_data(const Members& members, Accepted& to) {
  if (!members.data) return missing("data", "send an object; {} where there is nothing to say");
  if (!members.data->is_object()) return wrong_kind("data", *members.data, "object");
  if (members.metadata && !members.metadata->is_object()) return wrong_kind("metadata", *members.metadata, "object");
  if (auto refusal = wrong_field(to.type->spec->fields, *members.data)) return tl::unexpected(std::move(*refusal));
  return {};
}

void splice(std::string_view body, const Members& members, Accepted& to) {
  auto& message = to.message;
  message.data = message.metadata = {};
  json::each_raw_member(body, [&](std::string_view key, std::string_view raw) {
    if (key == "data")
      message.data = raw;
    else if (key == "metadata" && members.metadata)
      message.metadata = raw;
  });
  auto rewritten = [](const json::Value& value, std::unique_ptr<std::string>& owner) -> std::string_view {
    owner = std::make_unique<std::string>(value.text());
    return *owner;
  };
  if (message.data.empty()) message.data = rewritten(*members.data, to.data);
  if (!members.metadata)
    message.metadata = "{}";
  else if (message.metadata.empty())
    message.metadata = rewritten(*members.metadata, to.metadata);
}

}  // namespace

Checked<const TypeEntry*> type_named(const TypeTable& types, std::string_view name) {
  if (const auto* type = types.find(name)) return type;
  auto near = types.near(name);
  auto shown = is_utf8(name) ? std::string(name.substr(0, 128)) : "?";
  auto refusal = refuse(ErrorKind::not_found, "message type '" + shown + "' is not in the catalogue",
                        {.field = "message_type_id",
                         .remedy = near.empty() ? "see GET /ingest/message-types" : "did you mean '" + near[0] + "'?",
                         .code = {}});
  std::vector<std::string> quoted;
  for (const auto& other : near) json::append_string(quoted.emplace_back(), other);
  refusal.value().details.members.emplace_back("near", json::array_of(quoted));
  return refusal;
}

Checked<Accepted> decode(const TypeTable& types, json::Document& document, std::string_view body) {
  auto root = document.parse(body);
  if (!root) return tl::unexpected(Refusal{root.error(), {}});
  return decode_parsed(types, *root, body);
}

Checked<Accepted> decode_parsed(const TypeTable& types, const json::Value& root, std::string_view body) {
  if (!root.is_object())
    return refuse(ErrorKind::malformed, "a message is an object, not " + std::string(json::name_of(root.kind())),
                  {.field = {}, .remedy = "send {\"message_type_id\":…,\"device_id\":…,\"data\":{…}}", .code = {}});
  auto members = members_of(root);
  Accepted accepted;
  auto checked = read_type(types, members, accepted);
  if (checked) checked = read_device(members, accepted);
  if (checked) checked = read_ids(members, accepted);
  if (checked) checked = read_time(members, accepted);
  if (checked) checked = read_hint(members, accepted);
  if (checked) checked = read_data(members, accepted);
  if (!checked) return tl::unexpected(std::move(checked.error()));
  splice(body, members, accepted);
  return accepted;
}

}  // namespace loom::ingest
