// The message on the wire (design.md §4): made at the edge, read by stages and the sink, extended by `with_results`.
// Splicing, not rewriting: what the client sent in `data` stays byte for byte. Pure; any thread.
//   json::Document document;  auto message = decode(record, cluster_id, document);      // Result<Envelope>
//   auto value = with_results(*message, "moondream-ocr-consumer", output, {"data.image_data"});
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "loom/envelope.h"
#include "loom/outcome.h"
#include "model/record.h"

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

/// The message a stage forwards: `results.<group>` added (or replaced), `data` replaced or paths dropped where the
/// output says so, `part` extended by the output's step. A foreign record also gets the identity and times it was read
/// with, since its next record has another offset and timestamp; a `results` of its own that is no object is kept as
/// `results.original`.
[[nodiscard]] std::string with_results(const Envelope& message, std::string_view group, const Output& output,
                                       const std::vector<std::string>& forward_drop);

/// A message's text without the members at these dotted paths.
[[nodiscard]] std::string without(std::string_view value, const std::vector<std::string>& paths);

/// The first 32 hex digits of the SHA-256 of the raw `data`: tells a repeat from a conflict. A foreign record without
/// `data` is taken whole, but for what Loom adds on the way (results, identity, times).
[[nodiscard]] std::string fingerprint(std::string_view value);

}  // namespace loom::model
