// A request of POST /ingest/media/{type} → its message: where fields come from, and of which kind they are.
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "ingest/media.h"
#include "ingest/multipart.h"

namespace loom::ingest {
namespace {

using Field = std::pair<std::string, std::string>;

struct Upload {
  std::vector<Field> fields;
  std::string_view bytes, content_type;  // of the media
  bool found = false;
};

constexpr std::string_view served[] = {"image/png", "image/jpeg", "image/webp", "audio/wav",  "audio/wave", "audio/x-wav",
                                       "audio/flac", "audio/ogg", "audio/mpeg", "audio/l16", "application/octet-stream"};

bool is_served(std::string_view content_type) {
  auto plain = content_type.substr(0, content_type.find_first_of("; \t"));
  for (auto name : served)
    if (http::equal_ignoring_case(plain, name)) return true;
  return false;
}

tl::unexpected<Refusal> unsupported(std::string_view content_type) {
  return refuse(ErrorKind::unsupported_media,
                content_type.empty() ? "no Content-Type says what this is" : "this content type is not taken",
                {.field = "Content-Type",
                 .remedy = "send image/png, image/jpeg, image/webp, audio/wav, audio/flac, audio/ogg, audio/mpeg, "
                           "audio/L16, application/octet-stream or multipart/form-data",
                 .code = {}});
}

Checked<void> add(Upload& to, std::string name, std::string value) {
  if (!is_utf8(name) || !is_utf8(value))
    return refuse(ErrorKind::malformed, "a field is not UTF-8", {.field = {}, .remedy = "send UTF-8", .code = {}});
  for (const auto& [known, ignored] : to.fields)
    if (known == name)
      return refuse(ErrorKind::malformed, "'" + name.substr(0, 128) + "' is sent twice",
                    {.field = name.substr(0, 128), .remedy = "send it once, by query or as a part", .code = {}});
  if (to.fields.size() == max_parts)
    return refuse(ErrorKind::too_large, "there are more than " + std::to_string(max_parts) + " fields",
                  {.field = {}, .remedy = "send fewer fields", .code = {}});
  to.fields.emplace_back(std::move(name), std::move(value));
  return {};
}

Checked<void> read_query(Upload& to, std::string_view rest) {
  while (!rest.empty()) {
    auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    auto equals = pair.find('=');
    if (pair.empty()) continue;
    auto value = equals == std::string_view::npos ? std::string() : http::percent_decode(pair.substr(equals + 1));
    if (auto added = add(to, http::percent_decode(pair.substr(0, equals)), std::move(value)); !added) return added;
  }
  return {};
}

Checked<void> read_parts(Upload& to, const http::Request& request) {
  auto parts = cut_multipart(request.body, request.header("content-type"));
  if (!parts) return tl::unexpected(std::move(parts.error()));
  for (auto& part : *parts) {
    bool media = part.filename || part.name == "file" || is_served(part.content_type);
    if (!media) {
      if (auto added = add(to, std::move(part.name), std::string(part.body)); !added) return added;
      continue;
    }
    if (to.found)
      return refuse(ErrorKind::malformed, "there is more than one file",
                    {.field = "file", .remedy = "send one file a request", .code = {}});
    if (!part.content_type.empty() && !is_served(part.content_type)) return unsupported(part.content_type);
    to.found = true;
    to.bytes = part.body;
    to.content_type = part.content_type;
  }
  if (to.found) return {};
  return refuse(ErrorKind::missing_field, "there is no file part",
                {.field = "file", .remedy = "send the media as a part named 'file'", .code = {}});
}

bool is_envelope_field(std::string_view name) {
  for (auto known : {"device_id", "recorded_at", "timestamp", "message_id", "trace_id", "pipeline_hint"})
    if (name == known) return true;
  return false;
}

/// Fields of media that are numbers, whether or not the type declares them.
model::FieldKind kind_of(const TypeEntry& type, std::string_view name) {
  using model::FieldKind;
  if (name == "recorded_at" || name == "timestamp") return FieldKind::timestamp;
  for (const auto& field : type.spec->fields)
    if (field.name == name) return field.kind;
  for (auto known : {"sample_rate", "duration_ms", "channels", "width", "height"})
    if (name == known) return FieldKind::number;
  return FieldKind::string;
}

/// A field's text as JSON of the kind that the catalogue wants, else as a string, which the checks then refuse.
std::string json_of(json::Document& scratch, model::FieldKind kind, const std::string& text) {
  using model::FieldKind;
  std::string quoted;
  json::append_string(quoted, text);
  if (kind == FieldKind::string || kind == FieldKind::base64) return quoted;
  auto value = scratch.parse(text);
  if (!value || value->kind() == json::Kind::string) return quoted;
  bool fits = kind == FieldKind::any || kind == FieldKind::object || kind == FieldKind::array ||
              (kind == FieldKind::boolean ? value->kind() == json::Kind::boolean : value->number().has_value());
  return fits ? text : quoted;
}

/// RFC 2586: `audio/L16; rate=16000; channels=2` says what raw samples are.
void read_l16(Upload& upload) {
  auto plain = upload.content_type.substr(0, upload.content_type.find(';'));
  if (!http::equal_ignoring_case(plain, "audio/l16")) return;
  auto number = [&](std::string_view name, double otherwise) {
    auto text = header_parameter(upload.content_type, name).value_or("");
    double value = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    return bad == std::errc() && value >= 1 && value <= 1e6 ? value : otherwise;
  };
  auto fill = [&](std::string name, double value) {
    for (const auto& [known, ignored] : upload.fields)
      if (known == name) return;
    std::string text;
    json::append_number(text, value);
    upload.fields.emplace_back(std::move(name), std::move(text));
  };
  double rate = number("rate", 0), channels = number("channels", 1);
  if (rate == 0) return;
  fill("sample_rate", rate);
  fill("channels", channels);
  fill("duration_ms", static_cast<double>(upload.bytes.size()) / 2 / channels / rate * 1000);
}

Checked<std::string> without_media(const TypeEntry& type, json::Document& scratch, const Upload& upload) {
  json::Writer message, data;
  message.field("message_type_id", type.spec->name.get());
  for (const auto& [name, value] : upload.fields) {
    if (name == "message_type_id" || name == "message_type" || name == "data")
      return refuse(ErrorKind::invalid_value, "'" + name + "' is no field of an upload",
                    {.field = name, .remedy = "the path names the type; each field of data is sent by its name"});
    if (name == "metadata") {
      auto parsed = scratch.parse(value);
      if (!parsed || !parsed->is_object())
        return refuse(ErrorKind::malformed, "metadata is no JSON object",
                      {.field = "metadata", .remedy = "send it as {\"name\": …}", .code = {}});
      message.raw(name, value);
      continue;
    }
    (is_envelope_field(name) ? message : data).raw(name, json_of(scratch, kind_of(type, name), value));
  }
  return message.raw("data", data.text()).text();
}

}  // namespace

Checked<const TypeEntry*> check_upload(const TypeTable& types, http::Request& request) {
  auto type = type_named(types, request.parameter);
  if (!type) return type;
  if (auto field = media_field_of(**type); !field) return tl::unexpected(std::move(field.error()));
  auto content_type = request.header("content-type");
  bool parts = is_multipart(content_type);
  if (!parts && !is_served(content_type)) return unsupported(content_type);
  constexpr std::size_t around = 64 << 10;  // a multipart body's other parts
  request.max_body = media_limit(**type) + (parts ? around : 0);
  std::size_t length = 0;
  auto text = request.header("content-length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  if (length > request.max_body) return tl::unexpected(media_too_large(**type));
  return type;
}

Checked<std::string> message_of_upload(const TypeTable& types, json::Document& scratch, const http::Request& request) {
  auto type = type_named(types, request.parameter);
  if (!type) return tl::unexpected(std::move(type.error()));
  Upload upload;
  auto read = read_query(upload, request.query());
  if (read && is_multipart(request.header("content-type"))) {
    read = read_parts(upload, request);
  } else {
    upload.bytes = request.body;
    upload.content_type = request.header("content-type");
  }
  if (!read) return tl::unexpected(std::move(read.error()));
  if (upload.bytes.empty())
    return refuse(ErrorKind::missing_field, "the media is empty",
                  {.field = "file", .remedy = "send its bytes as the body or as a part", .code = {}});
  read_l16(upload);
  auto text = without_media(**type, scratch, upload);
  if (!text) return text;
  auto root = scratch.parse(*text);
  if (!root) return tl::unexpected(Refusal{std::move(root.error()), {}});
  return with_media(types, *root, *text, upload.bytes);
}

}  // namespace loom::ingest
