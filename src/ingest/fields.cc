#include "ingest/fields.h"

#include "base/bytes.h"
#include "base/clock.h"

namespace loom::ingest {
namespace {

using model::Field;
using model::FieldKind;

bool is_time(const json::Value& value) {
  if (auto text = value.string()) return parse_time(*text).has_value();
  auto number = value.number();
  return number && time_of_number(*number).has_value();
}

bool is_of_kind(const json::Value& value, FieldKind kind) {
  switch (kind) {
    case FieldKind::any:
      return true;
    case FieldKind::string:
    case FieldKind::base64:
      return value.kind() == json::Kind::string;
    case FieldKind::integer:
      return value.kind() != json::Kind::boolean &&
             (value.integer().has_value() || value.kind() == json::Kind::unsigned_integer);
    case FieldKind::number:
      return value.number().has_value();
    case FieldKind::boolean:
      return value.kind() == json::Kind::boolean;
    case FieldKind::object:
      return value.is_object();
    case FieldKind::array:
      return value.kind() == json::Kind::array;
    case FieldKind::timestamp:
      return is_time(value);
  }
  return false;
}

std::string path_of(const Field& field) { return "data." + field.name; }

Refusal missing(const Field& field) {
  auto path = path_of(field);
  return Refusal{
      Error{ErrorKind::missing_field, path + " is missing", path, "send it as " + std::string(name_of(field.kind)), {}},
      {}};
}

Refusal wrong_kind(const Field& field, const json::Value& value) {
  auto path = path_of(field);
  std::string found(json::name_of(value.kind())), wanted(model::name_of(field.kind));
  Refusal refusal{Error{ErrorKind::invalid_value,
                        path + " is of kind " + found + ", wanted is " + wanted,
                        path,
                        "send it as " + wanted,
                        {}},
                  {}};
  tell(refusal, "found", found);
  tell(refusal, "wanted", wanted);
  return refusal;
}

std::optional<Refusal> out_of_range(const Field& field, const json::Value& value) {
  auto number = value.number();
  bool low = number && field.min && *number < *field.min, high = number && field.max && *number > *field.max;
  if (!low && !high) return std::nullopt;
  std::string shown, bound;
  json::append_number(shown, *number);
  json::append_number(bound, low ? *field.min : *field.max);
  auto path = path_of(field);
  Refusal refusal{Error{ErrorKind::invalid_value,
                        path + " is " + shown,
                        path,
                        (low ? "send at least " : "send at most ") + bound,
                        {}},
                  {}};
  if (field.min) tell(refusal, "min", *field.min);
  if (field.max) tell(refusal, "max", *field.max);
  return refusal;
}

std::optional<Refusal> wrong(const Field& field, const json::Value& data) {
  auto value = data.at_path(field.name);
  if (!value) return field.required ? std::optional(missing(field)) : std::nullopt;
  if (value->is_null() && !field.required) return std::nullopt;
  if (!is_of_kind(*value, field.kind)) return wrong_kind(field, *value);
  if (field.kind == FieldKind::base64 && !is_base64(*value->string())) {
    auto path = path_of(field);
    return Refusal{Error{ErrorKind::malformed,
                         path + " is no base64",
                         path,
                         "encode it as RFC 4648 says, with padding and without line breaks",
                         {}},
                   {}};
  }
  return out_of_range(field, *value);
}

}  // namespace

std::optional<Refusal> wrong_field(const std::vector<Field>& fields, const json::Value& data) {
  for (const auto& field : fields)
    if (auto refusal = wrong(field, data)) return refusal;
  return std::nullopt;
}

}  // namespace loom::ingest
