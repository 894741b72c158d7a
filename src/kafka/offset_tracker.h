// Which offsets of one partition are settled: only the contiguous prefix may be committed. Offsets come with gaps
// (compaction, control records), so the prefix is of records seen, not of numbers. Pure; not thread-safe.
//   OffsetTracker t; t.begin(5); t.begin(7); t.settle(7); t.next() == nullopt; t.settle(5); t.next() == 8
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "loom/named.h"

namespace loom::kafka {

class OffsetTracker {
 public:
  void begin(Offset offset);   // in rising order; what is not above the last begun one is ignored
  void settle(Offset offset);  // in any order; unknown ones are ignored
  /// The offset to commit: one past the settled prefix; nullopt while nothing is settled.
  [[nodiscard]] std::optional<Offset> next() const { return next_; }
  [[nodiscard]] std::size_t open() const;  // begun, not yet in the prefix
  [[nodiscard]] std::optional<Offset> oldest_open() const;

 private:
  struct Entry {
    std::int64_t offset;
    bool settled;
  };
  Entry* entry_of(std::int64_t offset);
  std::deque<Entry> entries_;
  std::optional<Offset> next_;
};

}  // namespace loom::kafka
