// The memories of a joining stage: a Joiner a key of each assigned partition. A worker feeds a record to its key's
// joiner; the clock ends what is open in partitions that are read to their end. A memory goes with its assignment.
// Ownership: owns joiners; the messages they keep own copies of their records. Threads: any; a joiner is in one
// thread's hands at a time. Errors of open: the engine's.
//   auto joiners = Joiners::open(joining, admission);   Verdict verdict = (*joiners)->take(item);
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "runner/admission.h"
#include "runner/item.h"

namespace loom::runner {

/// What a Kept of the runner's really is: with its record, for the outputs' key and headers.
struct KeptMessage : Envelope {
  model::Record record{model::Record::Foreign{}};
  json::Document document;
};
[[nodiscard]] inline const model::Record& record_of(const Kept& kept) {
  return static_cast<const KeptMessage&>(*kept).record;
}

class Joiners {
 public:
  static Result<std::shared_ptr<Joiners>> open(const Joining& joining, Admission admission);
  /// Microseconds that never go back; before the first `take`.
  void measure_with(Clock steady) { steady_ = std::move(steady); }

  [[nodiscard]] Verdict take(const Item& item);

  /// What the clock ends, one memory after the other. `send` answers nothing when it is sent for good (or the partition is
  /// gone), else how long to wait until it is asked again; meanwhile records of that key come again, and the partition
  /// commits no further. Also forgets memories that nobody needs any more.
  using Send = std::function<std::optional<Micros>(const std::vector<Ended>& ended, const Standing& standing)>;
  void close_due(const Send& send);
  /// Where something is open, a partition is committed no further than behind the last message of that memory: the
  /// lookback from there is what it needs. Any thread; a memory that is at work counts as it was before.
  [[nodiscard]] Limits limits() const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Memory;
  using Key = std::pair<std::uint64_t, std::string>;  // the assignment's serial; the record's key and device
  using MakeJoiner = std::function<std::unique_ptr<Joiner>()>;

  Joiners(const Joining& joining, Admission admission, MakeJoiner make);
  std::shared_ptr<Memory> memory_of(const Item& item, const std::string& device);
  [[nodiscard]] std::vector<std::shared_ptr<Memory>> closable();
  [[nodiscard]] bool is_due(const Memory& memory) const;
  Kept keep(const model::Record& record) const;

  const std::vector<std::string> leave_out_;
  const Admission admission_;
  const MakeJoiner make_;
  Clock steady_;
  mutable std::mutex mutex_;
  std::map<Key, std::shared_ptr<Memory>> memories_;
};

}  // namespace loom::runner
