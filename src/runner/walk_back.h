// How far back a time lies in a partition's own order, where records' timestamps can't be searched: clocks that were set
// ahead or back left records between whose timestamps are of another hour. The gaps between records add up, a step of a
// clock as `widest_gap` at most. Reads the records; for the rare case.
// Threads: any; blocks. Errors: as kafka::read.
//   auto from = walk_back(settings, {partition, low, offset}, 60s, log);
#pragma once

#include <chrono>

#include "base/log.h"
#include "model/cluster_settings.h"
#include "model/record.h"

namespace loom::runner {

inline constexpr std::chrono::milliseconds widest_gap{5000};  // less than a memory leaves of its lookback

struct Walk {
  model::TopicPartition partition;
  Offset low, from;  // back from the record before `from`, at most to `low`
};
[[nodiscard]] Result<Offset> walk_back(const model::ClusterSettings& settings, const Walk& walk,
                                       std::chrono::milliseconds time, const Log& log);

}  // namespace loom::runner
