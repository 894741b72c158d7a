// Which partitions a rewind moves, and where to. Only ever back: to move on would skip records that nobody has handled.
// Pure; any thread. Errors: usage.
//   auto target = target_of("-2h", now_micros());  auto steps = plan_rewind(stands, marks, wanted);
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kafka/admin.h"

namespace loom::books {

struct RewindTarget {
  enum class Kind { earliest, offset, time };
  Kind kind = Kind::earliest;
  std::int64_t value = 0;  // the offset; milliseconds
};
/// "earliest", a bare number is an offset, anything else a time.
[[nodiscard]] Result<RewindTarget> target_of(const std::string& text, Micros now);

struct RewindStep {
  enum class Kind {
    moves,
    stays,      // it stands there or before it already
    not_begun,  // the group has no offset here: it starts at the earliest
  };
  model::TopicPartition partition;
  std::optional<Offset> from;
  Offset to;
  Kind kind = Kind::stays;
  [[nodiscard]] std::int64_t records() const { return kind == Kind::moves ? from->get() - to.get() : 0; }
};
/// `wanted` is bounded by what the partition still has.
[[nodiscard]] std::vector<RewindStep> plan_rewind(const kafka::Offsets& stands,
                                                  const std::map<model::TopicPartition, kafka::Watermarks>& marks,
                                                  const kafka::Offsets& wanted);

}  // namespace loom::books
