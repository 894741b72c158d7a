// Identities: UUID v7 made here, any UUID accepted, and one derived from where a foreign record lies.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "loom/envelope.h"

namespace loom {

using UuidBytes = std::array<std::uint8_t, 16>;

[[nodiscard]] std::string new_message_id(Micros now);  // v7, time-ordered, unique across processes; any thread
[[nodiscard]] std::string new_trace_id();              // 32 hex digits, W3C
[[nodiscard]] std::string new_span_id();               // 16 hex digits
/// Canonical lower-case form; nullopt when it is no UUID (8-4-4-4-12 hex digits).
[[nodiscard]] std::optional<std::string> canonical_uuid(std::string_view text);
[[nodiscard]] std::optional<UuidBytes> uuid_bytes(std::string_view text);
/// The same for the same record, for ever: version 8, from SHA-256 of the four parts.
[[nodiscard]] std::string derived_message_id(std::string_view cluster, std::string_view topic, std::int32_t partition,
                                             std::int64_t offset);

/// A W3C traceparent header's trace id; nullopt when it is not well-formed.
[[nodiscard]] std::optional<std::string> trace_id_of(std::string_view traceparent);
[[nodiscard]] std::string make_traceparent(std::string_view trace_id, std::string_view span_id);

}  // namespace loom
