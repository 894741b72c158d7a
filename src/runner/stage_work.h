// A stage's handler as Work: decodes the record to an Envelope, applies `when`, skips replays that are for another
// group, calls the handler. What the handler emits the runner sends.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "loom/joiner.h"
#include "loom/stage.h"
#include "runner/work.h"

namespace loom::runner {

struct StageWork {
  ConsumerGroup group;
  int lanes = 1;
  std::map<std::string, std::string>
      when;               // dotted field → wanted value; a message that differs is dropped, reason "when"
  std::size_t batch = 1;  // most messages of one call
  std::function<Result<BatchHandler>()> make_handler;  // once a lane, on the lane's thread
  std::optional<Joining> joining{};  // instead of a handler
};
[[nodiscard]] Work work_of(StageWork stage);

}  // namespace loom::runner
