// The poll thread's books: which partitions are ours, what of each is read and not settled, what may be committed, and
// which to hold back so that bytes stay within the budget. A partition's share is the budget over the partitions; one
// that is over its share is held until half of it is settled, one record is always let in.
// Ownership: owns assignments and items. Threads: the poll thread only.
//   auto* item = partitions.admit(std::move(record), order);  ...  partitions.take_back(item);
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "kafka/consumer.h"
#include "runner/item.h"
#include "runner/telemetry.h"
#include "runner/work.h"

namespace loom::runner {

class Partitions {
 public:
  Partitions(std::size_t budget, Telemetry& telemetry) : budget_(budget), telemetry_(telemetry) {}

  /// A new generation of the partition; an older one is closed for good.
  Assignment& begin(const model::TopicPartition& partition);
  /// Gone: nothing of it settles or is committed any more.
  void end(Assignment& assignment);
  [[nodiscard]] Assignment* find(const model::TopicPartition& partition) {
    return find(partition.topic.get(), partition.partition);
  }
  [[nodiscard]] std::vector<Assignment*> all() const;

  /// nullptr: of a partition that is not ours, or whose start is not known yet.
  [[nodiscard]] Item* admit(model::Record&& record, Work::Order order);
  /// Settled (`how`) or not; the item is freed.
  void take_back(Item* item);

  void balance(kafka::Consumer& consumer);
  /// How many records the next poll may bring.
  [[nodiscard]] std::size_t room() const;
  [[nodiscard]] bool is_any_waiting() const;  // held, or starting
  [[nodiscard]] std::size_t records() const { return records_; }

  /// What has moved on since the last call, of those that are still ours.
  [[nodiscard]] kafka::Offsets to_commit(const Limits& limits = {});
  /// Which partitions are read to their end with nothing left to settle: for the clock of joining stages.
  void note_ends(kafka::Consumer& consumer);
  void report();  // sets the gauges; once a second

 private:
  struct Place {
    std::string_view topic;
    std::int32_t partition;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const {
      return std::hash<std::string_view>{}(place.topic) +
             static_cast<std::size_t>(place.partition) * 0x9E3779B97F4A7C15ULL;
    }
  };
  [[nodiscard]] Assignment* find(std::string_view topic, Partition partition);
  void bury();  // assignments that nothing points to any more

  std::size_t budget_;
  Telemetry& telemetry_;
  std::vector<std::unique_ptr<Assignment>> assignments_;
  std::vector<std::unique_ptr<Assignment>> ended_;  // some of their records are still in flight
  std::unordered_map<Place, Assignment*, PlaceHash> by_place_;
  Assignment* last_found_ = nullptr;
  ItemPool pool_;
  std::uint64_t serial_ = 0;
  std::size_t bytes_ = 0, records_ = 0;
  double record_bytes_ = 1024;  // smoothed
};

}  // namespace loom::runner
