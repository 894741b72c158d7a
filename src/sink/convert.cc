#include "sink/convert.h"

#include <charconv>
#include <cmath>

#include "base/bytes.h"
#include "base/clock.h"

namespace loom::sink {
namespace {

using json::Kind;
using model::ColumnType;
using Converted = tl::expected<Cell, Refusal>;

std::string shown(const json::Value& value) {
  if (auto text = value.string()) return "(" + excerpt(*text) + ")";
  if (value.kind() == Kind::array || value.kind() == Kind::object)
    return "of " + std::to_string(value.size()) + (value.kind() == Kind::array ? " elements" : " members");
  return "(" + value.text() + ")";
}

std::string kind_with_article(Kind kind) {
  auto name = std::string(json::name_of(kind));
  return (name.find_first_of("aeiou") == 0 ? "an " : "a ") + name;
}

tl::unexpected<Refusal> refuse(const BoundColumn& column, const Source& source, std::string why = {}) {
  auto message = "column '" + column.name + "' wants " + std::string(with_article(column.type)) + ", " +
                 std::string(source.path) + " is " + kind_with_article(source.value.kind()) + " " + shown(source.value);
  if (!why.empty()) message += ": " + why;
  Error error{ErrorKind::invalid_value, std::move(message), std::string(source.path),
              "send a value that fits, or change the mapping", ""};
  return tl::unexpected<Refusal>(Refusal{why.empty(), std::move(error)});
}

std::string json_text(const Source& source) { return source.raw ? std::string(*source.raw) : source.value.text(); }

Converted to_text(const BoundColumn& column, const Source& source) {
  switch (source.value.kind()) {
    case Kind::string: {
      auto text = *source.value.string();
      if (has_nul(text)) return refuse(column, source, "it contains a NUL character");
      return Text{std::string(text)};
    }
    case Kind::boolean:
    case Kind::integer:
    case Kind::unsigned_integer:
    case Kind::number:
      return Text{json_text(source)};
    default:
      return refuse(column, source);
  }
}

Converted to_integer(const BoundColumn& column, const Source& source) {
  if (auto whole = source.value.integer()) return *whole;
  if (source.value.number()) return refuse(column, source, "it is not whole, or over 64 bits");
  auto text = source.value.string();
  if (!text) return refuse(column, source);
  std::int64_t whole = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), whole);
  if (error != std::errc{} || end != text->data() + text->size()) return refuse(column, source);
  return whole;
}

std::optional<double> exact(std::int64_t whole) {
  auto number = static_cast<double>(whole);
  if (number >= 9223372036854775808.0 || static_cast<std::int64_t>(number) != whole) return std::nullopt;
  return number;
}

Converted to_float(const BoundColumn& column, const Source& source) {
  if (auto whole = source.value.integer()) {
    if (auto number = exact(*whole)) return *number;
    if (column.decimal) return *whole;
    return refuse(column, source, "a float would round it");
  }
  if (source.value.kind() == Kind::unsigned_integer) return refuse(column, source, "a float would round it");
  auto number = source.value.number();
  if (auto text = source.value.string()) {
    double read = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), read);
    if (error == std::errc{} && end == text->data() + text->size()) number = read;
  }
  if (!number) return refuse(column, source);
  if (!std::isfinite(*number)) return refuse(column, source, "it is not finite");
  return *number;
}

Converted to_boolean(const BoundColumn& column, const Source& source) {
  if (auto value = source.value.boolean()) return *value;
  if (auto text = source.value.string()) {
    if (*text == "true") return true;
    if (*text == "false") return false;
    return refuse(column, source);
  }
  if (auto whole = source.value.integer(); whole && (*whole == 0 || *whole == 1)) return *whole == 1;
  return refuse(column, source);
}

std::optional<Micros> time_of(const json::Value& value) {
  if (auto text = value.string()) return parse_time(*text);
  if (auto number = value.number()) return time_of_number(*number);
  return std::nullopt;
}

Converted to_timestamp(const BoundColumn& column, const Source& source) {
  if (auto time = time_of(source.value)) return Timestamp{*time};
  return refuse(column, source);
}

Converted to_uuid(const BoundColumn& column, const Source& source) {
  auto text = source.value.string();
  auto bytes = text ? uuid_bytes(*text) : std::nullopt;
  if (!bytes) return refuse(column, source);
  return Uuid{*bytes};
}

Converted to_blob(const BoundColumn& column, const Source& source) {
  auto text = source.value.string();
  if (!text) return refuse(column, source);
  auto bytes = base64_decode(*text);
  if (!bytes) return refuse(column, source, "it is no base64");
  return Blob{std::move(*bytes)};
}

Converted to_text_array(const BoundColumn& column, const Source& source) {
  if (source.value.kind() != Kind::array) return refuse(column, source);
  TextArray array;
  bool fits = true;
  source.value.each_element([&](json::Value element) {
    auto text = element.string();
    fits = fits && element.kind() != Kind::array && element.kind() != Kind::object && !(text && has_nul(*text));
    if (!fits) return;
    if (element.is_null()) {
      array.values.emplace_back(std::nullopt);
    } else {
      array.values.emplace_back(text ? std::string(*text) : element.text());
    }
  });
  if (!fits) return refuse(column, source, "an element is an array, an object, or has a NUL character");
  return array;
}

Converted to_float_array(const BoundColumn& column, const Source& source) {
  if (source.value.kind() != Kind::array) return refuse(column, source);
  FloatArray array;
  bool fits = true;
  source.value.each_element([&](json::Value element) {
    auto number = element.number();
    auto whole = element.integer();
    fits = fits && number && std::isfinite(*number) && (!whole || exact(*whole));
    if (fits) array.values.push_back(*number);
  });
  if (!fits) return refuse(column, source, "an element is no number that a float holds");
  return array;
}

Converted to_json(const BoundColumn& column, const Source& source) {
  if (auto text = source.value.string(); text && has_nul(*text))
    return refuse(column, source, "it contains a NUL character");
  return Json{json_text(source)};
}

Converted decoded(const BoundColumn& column, const Source& source) {
  auto blob = to_blob(column, source);
  if (!blob || column.type == ColumnType::bytes) return blob;
  auto& bytes = std::get<Blob>(*blob).value;
  if (column.type != ColumnType::string) return refuse(column, source, "base64_decode fills bytes or a string");
  if (!is_utf8(bytes) || has_nul(bytes)) return refuse(column, source, "it decodes to bytes that are no text");
  return Text{std::move(bytes)};
}

Converted transformed(const BoundColumn& column, const Source& source) {
  switch (column.transform) {
    case model::Transform::base64_decode:
      return decoded(column, source);
    case model::Transform::json_stringify:
      if (column.type == ColumnType::json) return to_json(column, source);
      if (column.type == ColumnType::string) return Text{json_text(source)};
      return refuse(column, source, "json_stringify fills a string or json");
    default:
      break;
  }
  auto time = to_timestamp(column, source);
  if (!time || column.type == ColumnType::timestamp) return time;
  if (column.type != ColumnType::string) return refuse(column, source, "timestamp_parse fills a timestamp or a string");
  return Text{to_rfc3339(std::get<Timestamp>(*time).value)};
}

}  // namespace

tl::expected<Cell, Refusal> convert(const BoundColumn& column, const Source& source) {
  if (column.transform != model::Transform::none) return transformed(column, source);
  switch (column.type) {
    case ColumnType::string:
      return to_text(column, source);
    case ColumnType::integer:
      return to_integer(column, source);
    case ColumnType::floating:
      return to_float(column, source);
    case ColumnType::boolean:
      return to_boolean(column, source);
    case ColumnType::timestamp:
      return to_timestamp(column, source);
    case ColumnType::array:
      return to_text_array(column, source);
    case ColumnType::float_array:
      return to_float_array(column, source);
    case ColumnType::json:
      return to_json(column, source);
    case ColumnType::bytes:
      return to_blob(column, source);
    case ColumnType::uuid:
      return to_uuid(column, source);
  }
  return refuse(column, source, "its type is unknown");
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

std::string_view with_article(model::ColumnType type) {
  switch (type) {
    case ColumnType::string:
      return "a string";
    case ColumnType::integer:
      return "an integer";
    case ColumnType::floating:
      return "a float";
    case ColumnType::boolean:
      return "a boolean";
    case ColumnType::timestamp:
      return "a timestamp";
    case ColumnType::array:
      return "an array";
    case ColumnType::float_array:
      return "an array of floats";
    case ColumnType::json:
      return "JSON";
    case ColumnType::bytes:
      return "bytes in base64";
    case ColumnType::uuid:
      return "a UUID";
  }
  return "a value";
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = 40;
  auto cut = text.substr(0, longest);
  while (cut.size() < text.size() && !cut.empty() && (static_cast<unsigned char>(text[cut.size()]) & 0xC0) == 0x80)
    cut.remove_suffix(1);
  std::string to = "'";
  for (char c : cut) to += static_cast<unsigned char>(c) < 0x20 ? '.' : c;
  return to + (cut.size() < text.size() ? "…'" : "'");
}

}  // namespace loom::sink
