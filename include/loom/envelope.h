// One message as a stage sees it (docs: the message format). Values; a stage gets it const and never changes `json`:
// what it has to add it returns in its Outcome. Threads: belongs to the handler's call.
//   auto text = message.string_at("data.text");      // Result<string_view>: missing_field or invalid_value otherwise
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loom/error.h"
#include "loom/json.h"

namespace loom {

/// Microseconds since 1970 UTC.
using Micros = std::int64_t;

/// What a message is: kept by every stage all the way; a stage that splits appends steps to `part` ("0", "0.3").
struct Identity {
  std::string message_id;  // lower-case UUID text
  std::string part;        // "" at the edge
  friend auto operator<=>(const Identity&, const Identity&) = default;
};

struct Envelope {
  Identity identity;
  std::string message_type, device_id, trace_id, pipeline_hint;  // "" where a foreign record has none
  Micros recorded_at = 0;                                        // when it happened
  Micros timestamp = 0;                                          // when Loom received it
  std::string_view json;                                         // the whole message, validated
  json::Value value;                                             // the same, parsed

  [[nodiscard]] Result<std::string_view> string_at(std::string_view dotted_path) const;
};

}  // namespace loom
