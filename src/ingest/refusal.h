// Why a message is not accepted: an Error, and what its problem document says beyond it. Values; nothing fails.
//   return refuse(ErrorKind::missing_field, "device_id is missing", {.field = "device_id", .remedy = "send it", .code =
//   {}});
#pragma once

#include <string>

#include "http/routes.h"
#include "loom/json.h"

namespace loom::ingest {

using http::Refusal;
template <class T>
using Checked = tl::expected<T, Refusal>;

[[nodiscard]] inline tl::unexpected<Refusal> refuse(ErrorKind kind, std::string message, ErrorDetails details = {}) {
  return tl::unexpected<Refusal>(Refusal{
      Error{kind, std::move(message), std::move(details.field), std::move(details.remedy), std::move(details.code)},
      {}});
}

/// A further member of the problem document.
inline void tell(Refusal& refusal, std::string name, std::string_view text) {
  std::string quoted;
  json::append_string(quoted, text);
  refusal.details.members.emplace_back(std::move(name), std::move(quoted));
}
inline void tell(Refusal& refusal, std::string name, double number) {
  std::string text;
  json::append_number(text, number);
  refusal.details.members.emplace_back(std::move(name), std::move(text));
}

}  // namespace loom::ingest
