// What a stage decided about one message. The runner does the rest: sends, retries, dead letters, commits.
//   return with_result(json::Writer{}.field("text", text).text());
//   return outcome_of(error);                                        // Retry or Reject, by the one table
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "loom/error.h"

namespace loom {

/// One message to emit: the original with `results.<group>` added. A stage that splits or joins also gives new
/// `data` (a JSON object) and its step, which is appended to the identity's part.
struct Output {
  std::string result;               // a JSON object, goes under results.<consumer group>
  std::optional<std::string> data;  // replaces `data`; only where a stage splits or joins
  std::string part_step;            // "" keeps the identity
};

struct Emit {
  std::vector<Output> messages;
};
struct Drop {
  std::string reason;  // snake_case, a bounded set: it becomes a metric label
};
struct Retry {
  Error error;  // of infrastructure: for ever with backoff, shown as stuck
};
struct Reject {
  Error error;  // of the data: a dead letter
};
/// It only continues something open; an output that comes later names it in its sources (loom/joiner.h).
struct Joined {};
using Outcome = std::variant<Emit, Drop, Retry, Reject, Joined>;

[[nodiscard]] inline Outcome with_result(std::string result_json) {
  Emit emit;
  emit.messages.push_back(Output{std::move(result_json), std::nullopt, {}});
  return emit;
}
[[nodiscard]] inline Outcome outcome_of(Error error) {
  if (traits_of(error.kind).remedy == Remedy::retry) return Retry{std::move(error)};
  return Reject{std::move(error)};
}

}  // namespace loom
