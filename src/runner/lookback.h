// Where a joining stage starts to read: the lookback before the committed offset, to rebuild what it remembered. Time is
// the records' timestamps, so a silent hour before the committed offset costs nothing; where a clock was set between them,
// it is the sum of the gaps.
// Threads: any; blocks for as long as the broker takes. Errors: unavailable and what an operator must mend.
//   auto starts = lookback_starts(settings, group, 60s, partitions, log);
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>

#include "base/log.h"
#include "model/cluster_settings.h"
#include "model/record.h"

namespace loom::runner {

struct Start {
  Offset next;
  std::optional<Offset> settle_from{};  // what comes before is read only to remember it
};
using Starts = std::map<model::TopicPartition, Start>;

/// Partitions without a committed offset are not in the answer: the consumer begins where groups begin. One whose log
/// ends before its committed offset is read again from its beginning (decision 0038), with a warning.
[[nodiscard]] Result<Starts> lookback_starts(const model::ClusterSettings& settings, const ConsumerGroup& group,
                                             std::chrono::milliseconds lookback,
                                             std::span<const model::TopicPartition> partitions, const Log& log);

}  // namespace loom::runner
