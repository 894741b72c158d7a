// One line of the books: what a Kafka record says, as few bytes, of which message it is and where it came from. Kept by
// the million, so it is written compactly and read back as views. Pure; `next` reads only what `append` wrote.
//   append(bytes, entry);  for (std::string_view rest = bytes; auto entry = next(rest);) …
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "books/plan.h"

namespace loom::books {

struct Spot {
  TopicIndex topic = nobody;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  friend auto operator<=>(const Spot&, const Spot&) = default;
};

struct Entry {
  enum class Kind : std::uint8_t {
    message,  // a record of an input or output topic
    dropped,  // a drop record
    dead,     // a dead letter
    source,   // named in the sources of an output of `group`
    receipt,  // a client was told that it lies at `at`
  };
  Kind kind = Kind::message;
  UuidBytes id{};
  std::string_view part;
  std::uint32_t pieces = 0;         // of an output with a part: into how many its origin was split; 0: not told
  Spot at;                          // where this record lies
  std::int64_t timestamp_ms = 0;
  GroupIndex group = nobody;        // who wrote it: output, drop, dead letter, source
  Spot origin;                      // from which record
  GroupIndex replay_for = nobody;   // only this group handles it
  bool is_of_repeat = false;        // drop or dead letter: its origin was refused because an earlier appearance counts
  std::uint64_t fingerprint = 0;    // of the data; 0: not asked for
  std::string_view rows;            // of the sink's input: what its rows are, beyond its identity (rows_wanted.h)
};

void append(std::string& to, const Entry& entry);
/// Takes the first entry off; nullopt at the end. Its views point into `from`.
[[nodiscard]] std::optional<Entry> next(std::string_view& from);

}  // namespace loom::books
