// Finds partitions that librdkafka has ceased to read though there is more, and says nothing of it: when a leader moves
// away and back at once, it may go on asking a broker that is not the leader, for ever (its pull request 5593).
// In turns: the leaders are asked where the partitions end; one whose fetches have not seen that end a whole turn
// later, nor anything else, is stuck. Pure; not thread-safe.
//   watch.turn(partitions, seen);  watch.answered(partition, end);  …;  if (auto stuck = watch.turn(partitions, seen))
//   …
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include "model/record.h"

namespace loom::kafka {

class StallWatch {
 public:
  /// How far the fetches of a partition have seen it: the end that the last of them told.
  using Seen = std::function<std::int64_t(const model::TopicPartition&)>;

  /// Ends a turn and begins another. `idle`: what was read all the time and gave nothing.
  [[nodiscard]] std::optional<model::TopicPartition> turn(std::span<const model::TopicPartition> idle,
                                                          const Seen& seen);
  /// Where a partition ends, by its leader.
  void answered(const model::TopicPartition& partition, std::int64_t end) { ends_.insert_or_assign(partition, end); }
  /// Nothing is known any more: another client, or nobody looked for a while.
  void forget() { before_.clear(), ends_.clear(); }

 private:
  std::map<model::TopicPartition, std::int64_t> before_, ends_;
};

}  // namespace loom::kafka
