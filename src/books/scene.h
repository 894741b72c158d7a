// What was true when the books were opened: how far each group had settled, and which offsets of each topic are judged.
// The order makes it safe on a live system: first how far the groups are, then the ends of all topics, then the reading.
// What a group had settled has its trace in front of those ends. Values; pure.
#pragma once

#include <cstdint>
#include <vector>

#include "books/entry.h"
#include "books/plan.h"

namespace loom::books {

struct PartitionRange {
  std::int64_t low = 0;                // what came before has expired
  std::int64_t from = 0, until = 0;    // records that are judged
  std::int64_t read_from = 0, end = 0; // records that are read: a trace may lie outside of what is judged
};

struct HopScene {
  std::vector<std::int64_t> next;       // by partition: the first offset that is not settled; 0 without a commit
  std::vector<std::int64_t> settled_ms; // by partition: time of the last settled record; filled while reading
  std::int64_t horizon_ms = -1;         // traces of records that are not younger may have expired
  bool is_foreign = false;              // members that are not Loom's settle without leaving a trace
  bool has_members = false;             // else the clock ends nothing that a joining stage holds
};

struct Scene {
  const Plan* plan = nullptr;
  std::vector<std::vector<PartitionRange>> topics;  // by topic and partition
  std::vector<HopScene> hops;                       // as plan->hops
  std::int64_t taken_ms = 0;

  [[nodiscard]] const PartitionRange* range(const Spot& spot) const {
    if (spot.topic >= topics.size() || spot.partition < 0) return nullptr;
    const auto& partitions = topics[spot.topic];
    auto index = static_cast<std::size_t>(spot.partition);
    return index < partitions.size() ? &partitions[index] : nullptr;
  }
  [[nodiscard]] bool is_judged(const Spot& spot) const {
    const auto* it = range(spot);
    return it && spot.offset >= it->from && spot.offset < it->until;
  }
  [[nodiscard]] std::int64_t next(std::size_t hop, std::int32_t partition) const {
    const auto& all = hops[hop].next;
    auto index = static_cast<std::size_t>(partition);
    return index < all.size() ? all[index] : 0;
  }
};

}  // namespace loom::books
