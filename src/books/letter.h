// A dead letter, read: what killed it, where it came from. And what becomes of it by hand: the record that replays it,
// the one that drops it, and the note in loom.dlq.settled that either was done. Pure; any thread.
//   auto letter = letter_of(record);  auto out = replay_of(record, letter, cluster_id);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "loom/error.h"
#include "model/record.h"

namespace loom::books {

/// topic:partition:offset
struct Place {
  model::TopicPartition partition;
  Offset offset;
  friend auto operator<=>(const Place&, const Place&) = default;
};
[[nodiscard]] std::string to_string(const Place& place);
[[nodiscard]] std::optional<Place> parse_place(std::string_view text);

struct Letter {
  Place at;
  std::optional<Place> origin;  // absent: not written by Loom, nobody knows where it belongs
  ConsumerGroup group;
  std::string kind, code, field, message;
  int replays = 0;  // so often it was replayed and died again
  std::int64_t written_ms = 0;
};
[[nodiscard]] Letter letter_of(const model::Record& record);

/// The original key, value and headers for the origin's topic, with the identity and the group it is for. Other groups
/// settle it as not theirs. Needs an origin.
[[nodiscard]] model::OutRecord replay_of(const model::Record& record, const Letter& letter,
                                         const std::string& cluster_id);
/// Errors: malformed (a value that is no JSON can't be patched).
[[nodiscard]] Result<void> patch(model::OutRecord& replay, std::string_view merge_patch);
/// For drops.<group>: identity, origin, group and reason, as a stage's own drops.
[[nodiscard]] model::OutRecord drop_of(const model::Record& record, const Letter& letter,
                                       const std::string& cluster_id, std::string_view reason);

enum class LetterFate { open, replayed, dropped };
[[nodiscard]] std::string_view name_of(LetterFate fate);

/// That a letter is no longer open. The time tells it from a letter at the same place of an earlier topic.
struct Note {
  Place letter;
  std::int64_t written_ms = 0;  // the letter's
  LetterFate fate = LetterFate::replayed;
  std::string reason;
};
[[nodiscard]] model::OutRecord record_of(const Note& note);
[[nodiscard]] std::optional<Note> note_of(const model::Record& record);

}  // namespace loom::books
