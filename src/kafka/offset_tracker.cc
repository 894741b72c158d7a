#include "kafka/offset_tracker.h"

#include <algorithm>

namespace loom::kafka {

void OffsetTracker::begin(Offset offset) {
  if (!entries_.empty() && offset.get() <= entries_.back().offset) return;
  if (entries_.empty() && next_ && offset < *next_) return;
  entries_.push_back({offset.get(), false});
}

void OffsetTracker::settle(Offset offset) {
  auto it = std::ranges::lower_bound(entries_, offset.get(), {}, &Entry::offset);
  if (it == entries_.end() || it->offset != offset.get()) return;
  it->settled = true;
  while (!entries_.empty() && entries_.front().settled) {
    next_ = Offset{entries_.front().offset + 1};
    entries_.pop_front();
  }
}

std::size_t OffsetTracker::open() const { return entries_.size(); }

std::optional<Offset> OffsetTracker::oldest_open() const {
  if (entries_.empty()) return std::nullopt;
  return Offset{entries_.front().offset};
}

}  // namespace loom::kafka
