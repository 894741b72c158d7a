// Replays or drops dead letters: each letter's record is acknowledged first, then the note that it is settled, so that
// whoever is killed between the two replays it again and never forgets it; its identity makes that one row. A letter
// that is not wanted, or cannot be settled, stays open.
// Ownership: borrows the producer and the notes. Threads: one; the producer has its own. Errors: unavailable, and what
// the broker says of the topic with the notes.
//   Settler settler(parts, {.fate = LetterFate::dropped, .reason = "test data"});
//   desk.each(scope, [&](const auto& record, const auto& letter) { return settler.take(record, letter); });
//   auto done = settler.finish();
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "books/filter.h"
#include "books/settled.h"
#include "kafka/offset_tracker.h"
#include "kafka/producer.h"

namespace loom::books {

struct SettleOptions {
  LetterFate fate = LetterFate::replayed;
  Filter filter{};
  std::string patch{};   // of a replay: a JSON merge patch
  std::string reason{};  // of a drop
  int most_replays = 3;
  double rate = 0;  // letters a second; 0: as fast as they are acknowledged
  bool dry_run = false;
};

/// Counts of letters. A letter that was written twice for one origin counts once, and both are settled.
struct Settlement {
  std::size_t matched = 0;  // open and wanted
  std::size_t settled = 0;  // of a dry run: would be
  std::size_t guarded = 0;  // replayed too often already
  std::size_t refused = 0;
  std::map<std::string, std::size_t> problems;  // of the refused ones, with how many; the first twenty
  std::size_t conflicts = 0;                    // identity conflicts among them: the row is there with other content
};

class Settler {
 public:
  struct Parts {
    std::string cluster_id;
    Settled& settled;
    kafka::Producer& producer;
    std::function<void(const kafka::Offsets&)> commit;  // everything before these is settled
    const std::atomic<bool>& stop;
  };
  Settler(Parts parts, SettleOptions options) : it_(std::move(parts)), options_(std::move(options)) {}

  /// False: nothing more is wanted, `finish` says why.
  bool take(const model::Record& record, const Letter& letter);
  Result<Settlement> finish();

 private:
  using SteadyClock = std::chrono::steady_clock;
  struct Pending {
    Letter letter;
    std::string message_id;
    model::OutRecord record;
  };
  /// Of an origin: whose record it was, and whether its letter stays open.
  struct Known {
    std::size_t message_id = 0;  // hashed
    bool is_open = false;
  };
  /// How far a partition's letters are settled without a gap.
  struct Progress {
    kafka::OffsetTracker tracker;
    bool is_blocked = false;  // an open letter: nothing after it counts
    std::optional<Offset> committed;
  };

  void settle(const model::Record& record, const Letter& letter);
  void refuse(const Letter& letter, const std::string& message_id, const Error& error);
  void stay_open(const Letter& letter) { progress_[letter.at.partition].is_blocked = true; }
  [[nodiscard]] Known* known(const Letter& letter, const std::string& message_id);
  void remember(const Letter& letter, const std::string& message_id, Known how);
  void wait_for_turn();
  void flush();
  void note(const std::vector<Letter>& letters);
  void commit();

  Parts it_;
  SettleOptions options_;
  Settlement done_;
  std::optional<Error> error_;
  std::vector<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::vector<Pending> twins_;  // of letters that are settled or pending; without a record
  SteadyClock::time_point flushed_ = SteadyClock::now(), committed_ = SteadyClock::now(), turn_ = SteadyClock::now();
  std::map<model::TopicPartition, Progress> progress_;
  std::map<std::pair<ConsumerGroup, model::TopicPartition>, std::unordered_map<std::int64_t, Known>> origins_;
};

}  // namespace loom::books
