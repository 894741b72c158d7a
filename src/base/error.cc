#include "loom/error.h"

#include <algorithm>
#include <array>

namespace loom {
namespace {

struct Row {
  ErrorKind kind;
  ErrorTraits traits;
};

// Exit codes are sysexits: 64 usage, 65 data, 69 unavailable, 70 internal, 75 try again, 77 permission, 78
// configuration.
constexpr std::array<Row, 18> table{{
    {ErrorKind::malformed, {"malformed", "The message is malformed", 400, Remedy::reject, 65}},
    {ErrorKind::missing_field, {"missing_field", "A required field is missing", 400, Remedy::reject, 65}},
    {ErrorKind::unauthorized, {"unauthorized", "The API key is missing or unknown", 401, Remedy::reject, 77}},
    {ErrorKind::forbidden, {"forbidden", "The API key may not do this", 403, Remedy::reject, 77}},
    {ErrorKind::not_found, {"not_found", "There is no such thing", 404, Remedy::reject, 65}},
    {ErrorKind::method_not_allowed, {"method_not_allowed", "The method is not allowed here", 405, Remedy::reject, 65}},
    {ErrorKind::too_large, {"too_large", "The message is too large", 413, Remedy::reject, 65}},
    {ErrorKind::unsupported_media, {"unsupported_media", "The content type is not served", 415, Remedy::reject, 65}},
    {ErrorKind::invalid_value, {"invalid_value", "A field has an impossible value", 422, Remedy::reject, 65}},
    {ErrorKind::rate_limited, {"rate_limited", "The API key's rate is used up", 429, Remedy::retry, 75}},
    {ErrorKind::full, {"full", "Loom is full", 503, Remedy::retry, 75}},
    {ErrorKind::unavailable, {"unavailable", "A service is not available", 503, Remedy::retry, 69}},
    {ErrorKind::timeout, {"timeout", "No answer came in time", 503, Remedy::retry, 75}},
    {ErrorKind::conflict, {"conflict", "The identity is known with other content", 409, Remedy::reject, 65}},
    // An operator mends the tables; until then the message waits and nothing is lost.
    {ErrorKind::schema, {"schema", "The tables do not fit", 500, Remedy::retry, 78}},
    {ErrorKind::configuration, {"configuration", "The configuration is wrong", 500, Remedy::reject, 78}},
    {ErrorKind::usage, {"usage", "The command line is wrong", 400, Remedy::reject, 64}},
    {ErrorKind::internal, {"internal", "Loom has a fault", 500, Remedy::reject, 70}},
}};

constexpr bool in_order_of_the_enum() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].kind != static_cast<ErrorKind>(i)) return false;
  }
  return table.back().kind == ErrorKind::internal;
}
static_assert(in_order_of_the_enum());

}  // namespace

const ErrorTraits& traits_of(ErrorKind kind) {
  auto index = std::min(static_cast<std::size_t>(kind), table.size() - 1);
  return table[index].traits;
}

std::string to_string(const Error& error) {
  std::string text = error.message.empty() ? std::string(traits_of(error.kind).title) : error.message;
  if (!error.field.empty()) text += " (" + error.field + ")";
  if (!error.remedy.empty()) text += ": " + error.remedy;
  return text;
}

}  // namespace loom
