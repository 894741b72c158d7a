// Time: microseconds since 1970 UTC, and its RFC 3339 text. Passed in as a value so that tests can set it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "loom/envelope.h"

namespace loom {

using Clock = std::function<Micros()>;
[[nodiscard]] Micros now_micros();  // the system's clock
[[nodiscard]] Clock system_clock();
[[nodiscard]] Micros steady_now();  // since some moment; never goes back
/// Never gives the same or an earlier time twice, from any thread: the edge's `timestamp`. But where the clock went back by
/// more than half an hour, what it said before was wrong, and Kafka refuses what is an hour ahead: then it goes back, too.
[[nodiscard]] Clock strictly_increasing(Clock clock);

[[nodiscard]] std::string to_rfc3339(Micros time);  // 2026-11-23T12:00:00.123456Z
void append_rfc3339(std::string& to, Micros time);
/// RFC 3339 with any offset, or epoch numbers as text; "2026-11-23 12:00:00" without zone is UTC. nullopt otherwise.
[[nodiscard]] std::optional<Micros> parse_time(std::string_view text);
/// An epoch number: seconds, milli-, micro- or nanoseconds, told apart by size (1e11, 1e14, 1e17).
[[nodiscard]] std::optional<Micros> time_of_number(double epoch);

}  // namespace loom
