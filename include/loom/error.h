// What went wrong, as a value. One table (`traits_of`) decides what a kind means: HTTP status, what a stage does
// with the message, exit code. Messages name the thing and the remedy: never payloads, never secrets.
//   return fail(ErrorKind::invalid_value, "latitude is 91", {.field = "data.latitude", .remedy = "send -90 to 90"});
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace loom {

enum class ErrorKind {
  malformed,      // not JSON, not an object, bad base64
  missing_field,  // a required field is absent
  unauthorized,   // no key, or an unknown one
  forbidden,      // a key that may not do this
  not_found,      // no such type, route, topic, group
  method_not_allowed,
  too_large,          // over a configured limit
  unsupported_media,  // a content type that is not served
  invalid_value,      // the right field with a value that cannot be
  rate_limited,       // this client's rate
  full,               // Loom's own budget is used up: try again
  unavailable,        // broker, database or engine away: try again
  timeout,            // no answer in time: outcome unknown, try again
  conflict,           // a known identity with other content
  schema,             // the database's tables do not fit (SQLSTATE class 42): an operator is needed, nothing is lost
  configuration,      // loom.yaml, topic_mappings.yml, environment
  usage,              // wrong words on the command line
  internal,           // a fault of Loom's own
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;  // one sentence, names the noun
  std::string field;    // dotted path or column, where there is one
  std::string remedy;   // what to do, an imperative
  std::string code;     // SQLSTATE, librdkafka or HTTP code of the peer, where there is one
};

template <class T>
using Result = tl::expected<T, Error>;

struct ErrorDetails {
  std::string field{}, remedy{}, code{};
};
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, ErrorDetails details = {}) {
  return tl::unexpected<Error>(
      Error{kind, std::move(message), std::move(details.field), std::move(details.remedy), std::move(details.code)});
}

enum class Remedy { reject, retry };  // what a stage does with a message that met this error

struct ErrorTraits {
  std::string_view name;   // snake_case, as in headers, metrics and problem documents
  std::string_view title;  // for people
  int http_status;
  Remedy remedy;
  int exit_code;  // sysexits
};
[[nodiscard]] const ErrorTraits& traits_of(ErrorKind kind);

/// "message (field): remedy", for logs and terminals.
[[nodiscard]] std::string to_string(const Error& error);

}  // namespace loom
