// A trace as OpenTelemetry's spans, in the JSON that OTLP/HTTP takes at /v1/traces: each record is a span of who wrote it,
// under the span of the record that it was made from; drop records and dead letters are spans of the group that ended there.
// What has no time of its own (a row, a record that waits) is an attribute of its record's span. Ids are the records'
// own, or follow from their places, so that the same trace sent twice is one trace. Pure; any thread.
// Source: OTLP 1.x, JSON encoding (ids in hex, 64-bit numbers as text, enums as numbers).
//   client.post("/v1/traces", {.body = spans_json(plan, trace)})
#pragma once

#include <string>

#include "books/trace.h"

namespace loom::books {

[[nodiscard]] std::string spans_json(const Plan& plan, const Trace& trace);

}  // namespace loom::books
