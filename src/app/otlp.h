// Spans to an OpenTelemetry collector, by OTLP/HTTP with JSON. What the request must carry beside, such as a key, comes from
// the environment by OpenTelemetry's own name, so that no secret is among the arguments.
// Threads: any; blocks for one request. Errors: configuration (the address), unavailable, timeout, what the collector says.
//   auto sent = send_spans("http://127.0.0.1:4318", books::spans_json(plan, trace));
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loom/error.h"

namespace loom::app {

/// `url`: the collector's address; /v1/traces is added where it is not there.
[[nodiscard]] Result<void> send_spans(const std::string& url, const std::string& spans);

/// "a=1,b=2", as OTEL_EXPORTER_OTLP_HEADERS has it; values may be percent-encoded. What is no pair is left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> headers_of_text(std::string_view text);

}  // namespace loom::app
