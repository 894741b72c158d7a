// A message that took longer than it may, where that is the message's own doing: the engine is in this process, or
// answers others meanwhile. Such a timeout counts as an attempt, and ends as a dead letter ("timeout", code "deadline");
// any other is a peer that is away, and is tried for ever.
//   return overdue("whisper took longer than 2m", "raise the engine's deadline");
#pragma once

#include <string>
#include <utility>

#include "loom/error.h"

namespace loom {

inline constexpr const char* deadline_code = "deadline";

[[nodiscard]] inline tl::unexpected<Error> overdue(std::string message, std::string remedy) {
  return fail(ErrorKind::timeout, std::move(message), {{}, std::move(remedy), deadline_code});
}
[[nodiscard]] inline bool is_overdue(const Error& error) {
  return error.kind == ErrorKind::timeout && error.code == deadline_code;
}

}  // namespace loom
