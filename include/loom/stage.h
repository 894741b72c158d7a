// What a stage is: a function from messages to outcomes. No Kafka, thread, metric or retry code belongs in it.
// A Handler is made once per worker thread and called by that thread only; it may keep an engine, never a message.
// Errors are outcomes; an exception that escapes becomes a Reject of kind internal.
//   Handler upper = [](const Envelope& m) { return with_result(...); };
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "loom/envelope.h"
#include "loom/outcome.h"

namespace loom {

using Handler = std::function<Outcome(const Envelope&)>;

/// For models that gain from several messages at once: one outcome a message, in order. Messages of one call may come
/// from any keys; two of the same key come in order.
using BatchHandler = std::function<std::vector<Outcome>(std::span<const Envelope>)>;

[[nodiscard]] inline BatchHandler one_by_one(Handler handler) {
  return [handler = std::move(handler)](std::span<const Envelope> messages) {
    std::vector<Outcome> outcomes;
    outcomes.reserve(messages.size());
    for (const auto& message : messages) outcomes.push_back(handler(message));
    return outcomes;
  };
}

}  // namespace loom
