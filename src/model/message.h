// The message on the wire (design.md §4): made at the edge, read by stages and the sink, extended by `with_results`.
// Pure. Splicing, not rewriting: what the client sent in `data` stays byte for byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/record.h"
#include "loom/envelope.h"
#include "loom/outcome.h"

namespace loom::model {

/// What the edge knows of a message; views into the request's body.
struct EdgeMessage {
  std::string message_id, trace_id;
  std::string_view message_type, device_id, pipeline_hint;
  Micros recorded_at = 0, timestamp = 0;
  std::string_view data = "{}", metadata = "{}";  // raw JSON objects
};
/// Appends the Kafka value. `device_id` and `pipeline_hint` are unescaped text; `message_type` is from the catalogue.
void encode(std::string& to, const EdgeMessage& message);

/// Reads any record of ours or of a foreign program: a JSON object, identity from headers, else value, else derived.
/// `document` owns what the envelope points to. Errors: malformed.
[[nodiscard]] Result<Envelope> decode(const Record& record, std::string_view cluster_id, json::Document& document);
/// The identity alone, without parsing the value where headers have it.
[[nodiscard]] Identity identity_of(const Record& record, std::string_view cluster_id);

/// The message a stage forwards: `results.<group>` added, `data` replaced or paths dropped where the output says so.
[[nodiscard]] std::string with_results(const Envelope& message, std::string_view group, const Output& output,
                                       const std::vector<std::string>& forward_drop);

/// SHA-256 of the raw `data` (or of the whole value of a foreign record without one): tells a repeat from a conflict.
[[nodiscard]] std::string fingerprint(std::string_view value);

}  // namespace loom::model
