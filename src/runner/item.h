// What the runner keeps of a record from poll to settle, and of a partition from assignment to revoke. An Item is
// handed on, never shared: poll thread → lane → worker → producer → poll thread, each hand-over through a lock.
// Ownership: Items belong to the poll thread's ItemPool, Assignments to its Partitions; an Assignment goes when neither
// a record nor a lane points to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka/offset_tracker.h"
#include "loom/envelope.h"
#include "loom/error.h"
#include "loom/joiner.h"
#include "model/record.h"

namespace loom::runner {

struct TopicTelemetry;
struct Lane;

/// How far an assignment has come. `closing`: nothing new starts, what is in flight may still settle and be committed.
/// `gone`: somebody else owns the partition (or it is read from elsewhere), nothing of it may be sent or settled.
enum class Phase { open, closing, gone };

/// Of a partition, for those who outlive its assignment.
struct Standing {
  std::atomic<bool> is_at_end{false};  // read to its end, and all of it settled
  std::atomic<bool> is_gone{false};
  std::atomic<std::int64_t> settled_ms{0};  // timestamp of a record up to which all is settled
  std::atomic<int> unsent{0};  // memories of its keys whose end is not sent: it may not be committed past what they need
};

/// How far a partition may be committed; those that are not in it: as far as it is settled.
using Limits = std::map<const Standing*, Offset>;

[[nodiscard]] inline Offset next_of(const model::Record& record) { return Offset{record.offset().get() + 1}; }

/// One partition from one assignment (or reposition) to the next: its identity is the generation.
struct Assignment {
  model::TopicPartition partition;
  std::uint64_t serial = 0;
  TopicTelemetry* telemetry = nullptr;
  std::atomic<Phase> phase{Phase::open};
  std::atomic<std::size_t> lanes{0};  // that point to it
  std::shared_ptr<Standing> standing = std::make_shared<Standing>();

  // The poll thread's own:
  kafka::OffsetTracker tracker;
  std::size_t bytes = 0;    // queued and unsettled
  std::size_t records = 0;  // the same, counted
  std::optional<Offset> committed;
  std::optional<Offset> seek_to;
  std::optional<Offset> settle_from;  // what comes before is read again, only to remember it
  bool starting = false;  // where it starts is not known yet: what comes is thrown away
  bool held = false;
};

struct Item {
  model::Record record{model::Record::Foreign{}};
  Assignment* assignment = nullptr;
  Lane* lane = nullptr;  // while queued or taken
  Item* next = nullptr;
  std::uint64_t lane_key = 0;  // 0: a lane of its own
  Micros arrived = 0;          // steady
  Micros not_before = 0;       // steady; of a retry
  Micros first_failure = 0, last_failure = 0;
  int attempts = 0;                 // handled so often, with a verdict that counted
  int retries = 0;                  // in a row; the backoff follows from it
  int data_failures = 0;            // of these, errors of the data: they have a limit
  bool rebuilds = false;            // settled long ago: what comes out of it is thrown away
  std::string_view how;             // a literal: how it settled
  std::unique_ptr<Error> rejected;  // decided: a dead letter, without asking the worker again
  std::unique_ptr<Taken> taken;     // decided by a joiner, which must not see it twice
  std::unique_ptr<Error> failure;   // of a delivery; under the publisher's lock
  std::atomic<int> outstanding{0};  // outputs not yet acknowledged

  [[nodiscard]] bool is_gone() const { return assignment->phase.load(std::memory_order_acquire) == Phase::gone; }
};

/// Items in slabs, used again. The poll thread's own.
class ItemPool {
 public:
  [[nodiscard]] Item* take(model::Record&& record) {
    if (free_.empty()) grow();
    Item* item = free_.back();
    free_.pop_back();
    item->record = std::move(record);
    return item;
  }
  void give_back(Item* item) {
    item->record = model::Record(model::Record::Foreign{});
    item->assignment = nullptr, item->lane = nullptr, item->next = nullptr;
    item->lane_key = 0, item->not_before = 0, item->first_failure = 0, item->last_failure = 0;
    item->attempts = 0, item->retries = 0, item->data_failures = 0, item->how = {};
    item->rejected.reset(), item->taken.reset(), item->failure.reset();
    item->rebuilds = false;
    free_.push_back(item);
  }

 private:
  void grow() {
    constexpr std::size_t slab = 256;
    slabs_.push_back(std::make_unique<Item[]>(slab));
    for (std::size_t i = slab; i-- > 0;) free_.push_back(&slabs_.back()[i]);
  }
  std::vector<std::unique_ptr<Item[]>> slabs_;
  std::vector<Item*> free_;
};

}  // namespace loom::runner
