#include "kafka/stall_watch.h"

#include <utility>

namespace loom::kafka {

std::optional<model::TopicPartition> StallWatch::turn(std::span<const model::TopicPartition> idle, const Seen& seen) {
  std::optional<model::TopicPartition> stuck;
  auto before = std::exchange(before_, {}), ends = std::exchange(ends_, {});
  for (const auto& partition : idle) {
    auto now = before_[partition] = seen(partition);
    auto then = before.find(partition), end = ends.find(partition);
    if (then != before.end() && end != ends.end() && then->second == now && end->second > now) stuck = partition;
  }
  return stuck;
}

}  // namespace loom::kafka
