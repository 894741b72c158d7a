#include "ingest/media.h"

#include "base/bytes.h"
#include "base/picture_header.h"
#include "base/wav.h"

namespace loom::ingest {
namespace {

/// Adds `"name":json` to the inside of an object's text.
void add_member(std::string& to, std::string_view name, std::string_view json) {
  if (!to.empty()) to += ',';
  json::append_string(to, name);
  to += ':';
  to += json;
}

std::string number_text(double value) {
  std::string text;
  json::append_number(text, value);
  return text;
}

/// What the header of the bytes tells, where the message doesn't.
void add_header_fields(std::string& to, const json::Value& data, std::string_view bytes) {
  auto add = [&](std::string_view name, double value) {
    if (!data.get(name)) add_member(to, name, number_text(value));
  };
  if (auto wav = wav_header_of(bytes)) {
    add("sample_rate", wav->rate);
    add("channels", wav->channels);
    add("duration_ms", 1000 * wav->seconds());
  } else if (auto picture = header_of(bytes)) {
    add("width", picture->width);
    add("height", picture->height);
  }
}

/// The inside of `data` as sent.
std::string inside_of(const json::Value& data, std::string_view text) {
  if (data.size() == 0) return {};
  auto raw = json::raw_member(text, "data");
  auto whole = raw ? std::string(*raw) : data.text();
  return whole.substr(1, whole.size() - 2);
}

}  // namespace

std::size_t media_limit(const TypeEntry& type) { return type.max_message_bytes / 4 * 3; }

Refusal media_too_large(const TypeEntry& type) {
  auto topic = type.spec->topic.get();
  auto refusal = refuse(ErrorKind::too_large,
                        "the media does not fit: topic '" + topic + "' takes messages of " +
                            std::to_string(type.max_message_bytes) + " bytes, base64 and all",
                        {.field = "data",
                         .remedy = "send at most " + std::to_string(media_limit(type)) + " bytes, or raise topics." +
                                   topic + ".max_message_bytes",
                         .code = {}});
  tell(refusal.value(), "limit", static_cast<double>(type.max_message_bytes));
  return std::move(refusal.value());
}

Checked<const TypeEntry*> type_of(const TypeTable& types, const json::Value& root) {
  for (const auto* name : {"message_type_id", "message_type"})
    if (auto value = root.get(name); value && value->string()) return type_named(types, *value->string());
  return refuse(
      ErrorKind::missing_field, "message_type_id is missing",
      {.field = "message_type_id", .remedy = "name the type; GET /ingest/message-types lists them", .code = {}});
}

Checked<const model::Field*> media_field_of(const TypeEntry& type) {
  const model::Field* found = nullptr;
  std::string names;
  std::size_t count = 0;
  for (const auto& field : type.spec->fields) {
    if (field.kind != model::FieldKind::base64) continue;
    found = &field;
    ++count;
    names += (names.empty() ? "" : ", ") + field.name;
  }
  if (count == 1 && found->name.find('.') == std::string::npos) return found;
  auto name = "type '" + type.spec->name.get() + "'";
  auto what = count == 0 ? name + " has no field of kind base64 to put media into"
              : count > 1 ? name + " has several fields of kind base64 (" + names + ")"
                          : name + "'s base64 field '" + names + "' lies inside another";
  return refuse(ErrorKind::invalid_value, what,
                {.field = "message_type_id", .remedy = "send it as JSON to POST /ingest/message", .code = {}});
}

Checked<std::string> with_media(const TypeTable& types, const json::Value& root, std::string_view text,
                                std::string_view bytes) {
  auto type = type_of(types, root);
  if (!type) return tl::unexpected(std::move(type.error()));
  auto field = media_field_of(**type);
  if (!field) return tl::unexpected(std::move(field.error()));
  if (bytes.size() > media_limit(**type)) return tl::unexpected(media_too_large(**type));
  auto data = root.get("data");
  if (data && !data->is_null() && !data->is_object())
    return refuse(ErrorKind::invalid_value, "data is no object",
                  {.field = "data", .remedy = "send an object, or leave it out", .code = {}});
  json::Value none;
  std::string inside;
  bool given = data && data->is_object();
  if (given) {
    if (data->get((*field)->name))
      return refuse(ErrorKind::invalid_value, "data." + (*field)->name + " is sent twice: as a field and as bytes",
                    {.field = "data." + (*field)->name, .remedy = "leave the field out", .code = {}});
    inside = inside_of(*data, text);
  }
  json::Document empty;
  if (!given) none = *empty.parse("{}");
  add_header_fields(inside, given ? *data : none, bytes);
  std::string message;
  message.reserve(text.size() + inside.size() + bytes.size() / 3 * 4 + 128);
  message += '{';
  json::each_raw_member(text, [&](std::string_view key, std::string_view raw) {
    if (key == "data") return;
    message.append("\"").append(key).append("\":").append(raw).append(",");
  });
  message += "\"data\":{" + inside;
  if (!inside.empty()) message += ',';
  message += '"' + (*field)->name + "\":\"";
  append_large(message, base64_encode(bytes));
  message += "\"}}";
  return message;
}

}  // namespace loom::ingest
