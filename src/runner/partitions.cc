#include "runner/partitions.h"

#include <algorithm>
#include <functional>

#include "runner/lane_queue.h"

namespace loom::runner {
namespace {

constexpr std::size_t most_records = 2000;  // of one poll

std::size_t bytes_of(const Item& item) { return item.record.bytes() + sizeof(Item); }

std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9ULL;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EBULL;
  return number ^ (number >> 31);
}

/// 0 for a record without a key: it has no order to keep.
std::uint64_t lane_key(const Item& item, Work::Order order) {
  auto lane = mixed(item.assignment->serial + 1);
  if (order != Work::Order::by_partition) {
    auto key = item.record.key();
    if (!key) return order == Work::Order::by_key || lane == 0 ? 0 : lane;
    lane = mixed(lane ^ std::hash<std::string_view>{}(*key));
  }
  return lane == 0 ? 1 : lane;
}

}  // namespace

Assignment& Partitions::begin(const model::TopicPartition& partition) {
  if (auto* older = find(partition)) end(*older);
  auto& assignment = *assignments_.emplace_back(std::make_unique<Assignment>());
  assignment.partition = partition;
  assignment.serial = ++serial_;
  assignment.telemetry = &telemetry_.of(partition.topic);
  by_place_[{assignment.partition.topic.get(), partition.partition.get()}] = &assignment;
  last_found_ = nullptr;
  return assignment;
}

void Partitions::end(Assignment& assignment) {
  assignment.phase.store(Phase::gone, std::memory_order_release);
  assignment.standing->is_gone = true;
  by_place_.erase({assignment.partition.topic.get(), assignment.partition.partition.get()});
  last_found_ = nullptr;
  auto owned =
      std::find_if(assignments_.begin(), assignments_.end(), [&](const auto& one) { return one.get() == &assignment; });
  if (owned == assignments_.end()) return;
  ended_.push_back(std::move(*owned));
  assignments_.erase(owned);
  bury();
}

void Partitions::bury() {
  std::erase_if(ended_,
                [](const auto& one) { return one->records == 0 && one->lanes.load(std::memory_order_acquire) == 0; });
}

Assignment* Partitions::find(std::string_view topic, Partition partition) {
  if (last_found_ && last_found_->partition.partition == partition && last_found_->partition.topic.get() == topic)
    return last_found_;
  auto found = by_place_.find({topic, partition.get()});
  if (found == by_place_.end()) return nullptr;
  return last_found_ = found->second;
}

std::vector<Assignment*> Partitions::all() const {
  std::vector<Assignment*> all;
  for (const auto& assignment : assignments_) all.push_back(assignment.get());
  return all;
}

Item* Partitions::admit(model::Record&& record, Work::Order order) {
  auto* assignment = find(record.topic(), record.partition());
  if (!assignment || assignment->starting || assignment->phase.load(std::memory_order_acquire) != Phase::open)
    return nullptr;
  bool rebuilds = assignment->settle_from && record.offset() < *assignment->settle_from;
  if (!rebuilds) {
    assignment->tracker.begin(record.offset());
    assignment->telemetry->records_in.add();
  }
  assignment->standing->is_at_end = false;
  Item* item = pool_.take(std::move(record));
  item->rebuilds = rebuilds;
  item->assignment = assignment;
  item->lane_key = lane_key(*item, order);
  auto bytes = bytes_of(*item);
  assignment->bytes += bytes;
  bytes_ += bytes;
  ++assignment->records;
  ++records_;
  record_bytes_ += (static_cast<double>(bytes) - record_bytes_) / 64;
  return item;
}

void Partitions::take_back(Item* item) {
  auto& assignment = *item->assignment;
  auto bytes = bytes_of(*item);
  bytes_ -= bytes;
  --records_;
  assignment.bytes -= bytes;
  --assignment.records;
  if (!item->how.empty() && !item->is_gone()) {
    assignment.tracker.settle(item->record.offset());
    if (assignment.tracker.next() == next_of(item->record))
      assignment.standing->settled_ms = item->record.timestamp_ms();
    assignment.telemetry->settled(item->how);
  }
  pool_.give_back(item);
}

void Partitions::balance(kafka::Consumer& consumer) {
  auto share = budget_ / std::max<std::size_t>(assignments_.size(), 1);
  for (auto& assignment : assignments_) {
    if (assignment->starting) continue;
    if (!assignment->held && assignment->bytes > share) {
      consumer.hold(assignment->partition);
      assignment->held = true;
    } else if (assignment->held && assignment->bytes <= share / 2) {
      consumer.release(assignment->partition);
      assignment->held = false;
    }
  }
}

std::size_t Partitions::room() const {
  auto share = budget_ / std::max<std::size_t>(assignments_.size(), 1);
  auto free = std::min(share, budget_ - std::min(budget_, bytes_));
  return std::clamp<std::size_t>(static_cast<std::size_t>(static_cast<double>(free) / record_bytes_), 1, most_records);
}

bool Partitions::is_any_waiting() const {
  return std::any_of(assignments_.begin(), assignments_.end(),
                     [](const auto& one) { return one->held || one->starting; });
}

kafka::Offsets Partitions::to_commit(const Limits& limits) {
  kafka::Offsets next;
  for (auto& assignment : assignments_) {
    auto offset = assignment->tracker.next();
    auto limit = limits.find(assignment->standing.get());
    if (offset && limit != limits.end()) offset = std::min(*offset, limit->second);
    const auto& before = assignment->committed ? assignment->committed : assignment->settle_from;
    if (!offset || (before && *offset <= *before) || assignment->standing->unsent > 0 ||
        assignment->phase.load(std::memory_order_acquire) == Phase::gone)
      continue;
    assignment->committed = offset;
    next.emplace(assignment->partition, *offset);
  }
  return next;
}

void Partitions::note_ends(kafka::Consumer& consumer) {
  for (auto& assignment : assignments_)
    assignment->standing->is_at_end =
        assignment->records == 0 && !assignment->starting && consumer.is_at_end(assignment->partition);
}

void Partitions::report() {
  bury();
  std::map<const TopicTelemetry*, std::pair<std::size_t, std::size_t>> sums;  // bytes, partitions
  for (const auto& assignment : assignments_) {
    auto& [bytes, partitions] = sums[assignment->telemetry];
    bytes += assignment->bytes;
    ++partitions;
  }
  for (const auto& [topic, telemetry] : telemetry_.all()) {
    auto [bytes, partitions] = sums[telemetry.get()];
    telemetry->in_flight_bytes.set(static_cast<double>(bytes));
    telemetry->partitions.set(static_cast<double>(partitions));
  }
}

}  // namespace loom::runner
