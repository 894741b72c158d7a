// A stage that joins messages of a key: an utterance over several chunks. A Joiner is the memory of one key (of one
// partition); the runner makes it with the key's first message, feeds it in order, and throws it away when the partition
// goes to another process. That process first reads the `lookback` before the committed offset again, with what comes
// out suppressed, and so rebuilds the memory: what a joiner emits must follow from the messages alone, never from when
// it was called.
// Each message settles on its own: as emitted, dropped, or Joined when it only continues something open. What was open
// ends later, with a message that came earlier as its identity: that is an Ended.
// Errors: a Retry goes with nothing ended. A joiner that throws is asked to `close` what is open, and is made anew.
// Ownership: the runner owns joiners; a Kept may be kept as long as wanted (keep few: it holds the message's JSON, but
// for the fields named in Joining::leave_out). Threads: one call at a time; calls may come from different threads.
//   Taken take(const Envelope& message, const Kept& kept) override { open_.add(kept); return {Joined{}, {}}; }
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "loom/envelope.h"
#include "loom/outcome.h"

namespace loom {

/// A message that outlives its call, without the fields that the stage leaves out.
using Kept = std::shared_ptr<const Envelope>;

/// How a message that settled as Joined ended after all: emitted with what was joined, or dropped for a reason.
struct Ended {
  Kept message;
  std::variant<Emit, Drop> how;
};

struct Taken {
  Outcome own;  // of the message that was given; Emit where something ends in it
  std::vector<Ended> ended{};
};

class Joiner {
 public:
  virtual ~Joiner() = default;
  virtual Taken take(const Envelope& message, const Kept& kept) = 0;
  /// How long after the last message was taken (microseconds, by no wall clock) what is open may be ended, when nothing
  /// more has come; nullopt: nothing is open.
  [[nodiscard]] virtual std::optional<Micros> closes_after() const = 0;
  /// The clock ends what is open: `closes_after` has passed, and the partition is read to its end, or so much of other
  /// keys' messages (by their records' timestamps) has come since.
  virtual std::vector<Ended> close() = 0;
};

struct Joining {
  std::chrono::milliseconds lookback{60000};  // by `timestamp`: no memory may reach back further
  std::vector<std::string> leave_out{};       // dotted paths under data and metadata that a Kept lacks: "data.chunk_data"
  std::function<Result<std::function<std::unique_ptr<Joiner>()>>()> open;  // once a process; what it gives, any thread
};

}  // namespace loom
