// Asks, off the poll thread, where newly assigned partitions start (the sink: its offsets lie in the database). On an
// error it asks again with backoff, and the partitions stay unread. Answers come as requests to reposition.
// Threads: own one; `want` from the poll thread. `stop` waits a while; a question that never returns is left behind.
//   StartOffsets starts(work.start_offsets, backoff, returns, log);  starts.want({{serial, partition}});
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "runner/backoff.h"
#include "runner/lookback.h"
#include "runner/returns.h"
#include "runner/work.h"

namespace loom::runner {

struct WantedStart {
  std::uint64_t serial = 0;
  model::TopicPartition partition;
  friend bool operator==(const WantedStart&, const WantedStart&) = default;
};

class StartOffsets {
 public:
  using Ask = std::function<Result<Starts>(std::span<const model::TopicPartition>)>;
  StartOffsets(Ask ask, Backoff backoff, std::shared_ptr<Returns> returns, Log log);
  ~StartOffsets();
  StartOffsets(const StartOffsets&) = delete;
  StartOffsets& operator=(const StartOffsets&) = delete;

  /// All that still have no start; replaces what was wanted before.
  void want(std::vector<WantedStart> partitions);

 private:
  struct State;
  std::shared_ptr<State> state_;  // the thread's too
};

}  // namespace loom::runner
