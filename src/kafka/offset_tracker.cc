#include "kafka/offset_tracker.h"

#include <algorithm>

namespace loom::kafka {

void OffsetTracker::begin(Offset offset) {
  if (!entries_.empty() && offset.get() <= entries_.back().offset) return;
  if (entries_.empty() && next_ && offset < *next_) return;
  entries_.push_back({offset.get(), false});
}

/// Where no offset is missing, an entry's place is its distance from the first; gaps only bring it nearer.
OffsetTracker::Entry* OffsetTracker::entry_of(std::int64_t offset) {
  if (entries_.empty() || offset < entries_.front().offset) return nullptr;
  auto distance =
      std::min<std::uint64_t>(static_cast<std::uint64_t>(offset - entries_.front().offset), entries_.size() - 1);
  auto last = entries_.begin() + static_cast<std::ptrdiff_t>(distance);
  if (last->offset == offset) return &*last;
  auto it = std::lower_bound(entries_.begin(), last, offset,
                             [](const Entry& entry, std::int64_t wanted) { return entry.offset < wanted; });
  return it != entries_.end() && it->offset == offset ? &*it : nullptr;
}

void OffsetTracker::settle(Offset offset) {
  auto* entry = entry_of(offset.get());
  if (!entry) return;
  entry->settled = true;
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
