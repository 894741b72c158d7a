// RFC 9457 problem documents: one shape for everything that goes wrong, made from an Error by the one table.
// Values; any thread; nothing fails.
//   responder.answer(reply_of(Error{ErrorKind::full, "…"}, {.retry_after_s = 2}));
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/message.h"
#include "loom/error.h"

namespace loom::http {

struct ProblemDetails {
  std::optional<int> status{};                                 // where HTTP is finer than the table: 408, 431
  std::optional<int> retry_after_s{};                          // also the header
  std::vector<std::pair<std::string, std::string>> members{};  // further ones: name and JSON text
  std::string allow{};                                         // of 405
};

/// `"type":…,"title":…,"detail":…` without braces and without `status`, for lists that have their own.
void append_problem_members(std::string& to, const Error& error, const ProblemDetails& details);
[[nodiscard]] std::string problem_json(const Error& error, const ProblemDetails& details = {});
[[nodiscard]] Reply reply_of(const Error& error, const ProblemDetails& details = {});
[[nodiscard]] int status_of(const Error& error, const ProblemDetails& details = {});

}  // namespace loom::http
