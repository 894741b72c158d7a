// The headers that Loom's records carry beside the message's own: where a record came from, and why it ended. One
// table, because the tools that list, trace and replay read what the runner writes. Constants; nothing here fails.
//   record.header(header::origin_topic)
#pragma once

#include <string_view>

#include "loom/named.h"
#include "model/record.h"

namespace loom::runner {

namespace header {
// identity, on every record of ours
inline constexpr std::string_view message_id = "message_id";
inline constexpr std::string_view part = "part";
inline constexpr std::string_view message_type = "message_type";
inline constexpr std::string_view traceparent = "traceparent";
inline constexpr std::string_view content_type = "content-type";

inline constexpr std::string_view hop = "loom-hop";  // {group, instance, from, waited_ms, took_ms, attempts, of: how many pieces}

// dead letters and drops
inline constexpr std::string_view origin_topic = "loom-origin-topic";
inline constexpr std::string_view origin_partition = "loom-origin-partition";
inline constexpr std::string_view origin_offset = "loom-origin-offset";
inline constexpr std::string_view group = "loom-group";
inline constexpr std::string_view reason = "loom-reason";  // drops only

// dead letters only
inline constexpr std::string_view stage = "loom-stage";
inline constexpr std::string_view error_kind = "loom-error-kind";
inline constexpr std::string_view error_code = "loom-error-code";
inline constexpr std::string_view error_message = "loom-error-message";  // at most 1 KiB of UTF-8
inline constexpr std::string_view error_field = "loom-error-field";
inline constexpr std::string_view attempts = "loom-attempts";
inline constexpr std::string_view first_time = "loom-first-time";
inline constexpr std::string_view last_time = "loom-last-time";
inline constexpr std::string_view replay_count = "loom-replay-count";

inline constexpr std::string_view replay_for = "loom-replay-for";  // a replayed dead letter: only this group handles it
/// When Kafka got the record that died first (ms): a foreign record has no other time, and its replay keeps it.
inline constexpr std::string_view origin_timestamp = "loom-origin-timestamp";
/// On what a dead letter became by hand, a replay or a drop record: the letter's topic:partition:offset.
inline constexpr std::string_view dead_letter = "loom-dead-letter";
}  // namespace header

/// Headers that a dead letter gets anew and its replay loses: a record that was one before must not keep the old ones.
[[nodiscard]] inline bool is_of_a_death(std::string_view name) {
  using namespace header;
  for (auto one : {origin_topic, origin_partition, origin_offset, group, stage, error_kind, error_code, error_message,
                   error_field, attempts, first_time, last_time, replay_count, replay_for, origin_timestamp, dead_letter})
    if (one == name) return true;
  return false;
}

/// A replayed dead letter of another group: this group had the record already and settles it as not its own.
[[nodiscard]] inline bool is_for_another_group(const model::Record& record, const ConsumerGroup& group) {
  auto wanted = record.header(header::replay_for);
  return wanted && *wanted != group.get();
}

}  // namespace loom::runner
