// The API's endpoints, named once: the routes are made of them, the OpenAPI description and the reference print them.
#pragma once

#include <span>
#include <string_view>

namespace loom::ingest {

struct Endpoint {
  std::string_view method, path, summary;
};

namespace endpoint {
inline constexpr Endpoint message{"POST", "/ingest/message", "Send one message; answered when Kafka has it"};
inline constexpr Endpoint batch{"POST", "/ingest/batch", "Send many messages as an array or as lines; one result each"};
inline constexpr Endpoint media{
    "POST", "/ingest/media/{type}",
    "Send one picture or sound as bytes or multipart/form-data, further fields by query or part"};
inline constexpr Endpoint stream{
    "GET", "/ingest/stream",
    "WebSocket: the same objects as text frames, one answer each, in order (one that is refused for now does not hold "
    "back those sent after it); media as binary frames between "
    "`{\"begin\":{…}}` and `{\"end\":true}`, which have the time of a body of `api.max_body` between them"};
inline constexpr Endpoint types{"GET", "/ingest/message-types", "The catalogue: topics, hints, fields, limits"};
inline constexpr Endpoint type{"GET", "/ingest/message-types/{id}", "One message type of the catalogue"};
inline constexpr Endpoint alive{"GET", "/healthz", "The process is alive"};
inline constexpr Endpoint ready{"GET", "/readyz",
                                "200 when a broker answered lately and there is room, else 503 with the reasons"};
inline constexpr Endpoint metrics{"GET", "/metrics", "Prometheus metrics"};
inline constexpr Endpoint openapi{"GET", "/openapi.json", "This interface as OpenAPI 3.1"};
inline constexpr Endpoint all[]{message, batch, media, stream, types, type, alive, ready, metrics, openapi};
}  // namespace endpoint

[[nodiscard]] inline std::span<const Endpoint> endpoints() { return endpoint::all; }

}  // namespace loom::ingest
