// The scheduler: which records may be handled now. A lane is a key of a partition, or a whole partition; its records
// are handled in order and by one worker at a time, lanes are independent of each other. A batch takes from the lanes
// that have waited longest, each taken lane is exclusive until `finish`. What has to come again goes back to the front
// of its lane, which rests until then; no other lane waits for it. Pure: time is passed in (microseconds, steady). Not
// thread-safe: LaneQueue locks. Owns lanes, never items.
//   lanes.add(items);  if (lanes.take(now, batch)) { ...; lanes.finish(batch, again, now, dropped); }
#pragma once

#include <deque>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runner/circuit.h"
#include "runner/item.h"

namespace loom::runner {

struct BatchLimits {
  std::size_t records = 1;
  std::size_t bytes = 16u << 20;
  Micros wait = 0;  // how long a batch that is not full may wait for more, since its oldest record came
};

struct Lane {
  enum class State { idle, ready, resting, taken };
  State state = State::idle;
  std::uint64_t key = 0;  // 0: of one record without a key
  Assignment* assignment = nullptr;
  Item* head = nullptr;
  Item* tail = nullptr;
  std::size_t records = 0, bytes = 0;
  Lane* before = nullptr;  // among the ready ones
  Lane* after = nullptr;
  Micros rests_until = 0;
};

struct Batch {
  std::vector<Item*> items;  // those of a lane side by side, in order
  std::vector<Lane*> lanes;
  Circuit::Ticket ticket;
  void clear() { items.clear(), lanes.clear(), ticket = {}; }
};

class Lanes {
 public:
  explicit Lanes(BatchLimits limits) : limits_(limits) {}
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// To the ends of their lanes (`lane_key`); of each partition in offset order.
  void add(std::span<Item* const> items);
  /// A record that was handled already and has to come again at `not_before`, before the later ones of its lane.
  void give_back(Item* item);

  /// Fills `batch` with at most so many records; false when there is nothing to do yet.
  bool take(Micros now, Batch& batch, std::size_t most = SIZE_MAX);
  /// When `take` may succeed without anything being added; nullopt: never.
  [[nodiscard]] std::optional<Micros> next_time() const;

  /// The batch's lanes are free again; `again` go back to their fronts, by offset. Records of assignments
  /// that were closed meanwhile come out in `dropped`.
  void finish(const Batch& batch, std::span<Item* const> again, std::vector<Item*>& dropped);
  /// Queued records whose assignment is not open any more; those of taken lanes come out of `finish`.
  void drop_closed(std::vector<Item*>& dropped);

  [[nodiscard]] std::size_t lanes() const { return lanes_ - free_.size(); }
  [[nodiscard]] std::size_t ready_records() const { return ready_records_; }

 private:
  [[nodiscard]] bool is_full() const { return ready_records_ >= limits_.records || ready_bytes_ >= limits_.bytes; }
  Lane* lane_of(const Item& item);
  void count(Lane& lane, const Item& item);
  void put_in_order(Lane* lane, Item* item);
  void place(Lane* lane);  // ready, resting, or given up when empty
  void append_ready(Lane* lane);
  void unplace(Lane* lane);  // out of the ready or resting ones
  void empty(Lane* lane, std::vector<Item*>& dropped);
  void wake(Micros now);

  BatchLimits limits_;
  std::unordered_map<std::uint64_t, Lane*> by_key_;
  std::deque<Lane> storage_;
  std::vector<Lane*> free_;
  std::size_t lanes_ = 0;
  Lane* first_ = nullptr;  // ready, longest first
  Lane* last_ = nullptr;
  std::size_t ready_records_ = 0, ready_bytes_ = 0;
  std::set<std::pair<Micros, Lane*>> resting_;
};

}  // namespace loom::runner
