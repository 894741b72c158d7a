// An accepted message → the record that goes to Kafka: topic and key by its type, the header fields of the contract.
// Pure. Errors: too_large, naming the topic's limit.
//   stamp(accepted, clock(), trace);  auto record = address(accepted);   (*producer)->send(std::move(*record), done);
#pragma once

#include <string_view>

#include "ingest/decode.h"
#include "model/record.h"

namespace loom::ingest {

/// Fills in what the client left out: message_id, recorded_at, trace_id (from `traceparent` when that is one).
void stamp(Accepted& accepted, Micros now, std::string_view traceparent);

[[nodiscard]] Checked<model::OutRecord> address(const Accepted& accepted);

}  // namespace loom::ingest
