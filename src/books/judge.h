// The counting core of the books: what became of each message at each hop and along each pipeline. It is given all
// entries of one message id at a time. Pure: no Kafka, no database, no clock. Threads: one.
// An identity's later appearances are repeats: it ends by its first one, or by the last replay of its dead letter. Where
// a record was handled again after a crash and left two traces, the better one counts (docs/decisions/0020).
//   Judge judge(scene, {});  judge.message(entries_of_one_id, rows);  judge.tally().lost()
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "books/scene.h"
#include "books/wanted_rows.h"

namespace loom::books {

/// How an identity ended at a hop; the worse the later.
enum class Fate { stored, merged, emitted, joined, dropped, dead, foreign, expired, waiting, lost };
inline constexpr std::size_t fates = 10;
[[nodiscard]] std::string_view name_of(Fate fate);

struct Breach {
  enum class Kind { lost, duplicated, altered } kind = Kind::lost;
  Identity identity;
  Spot at;
  std::string why;
};
[[nodiscard]] std::string_view name_of(Breach::Kind kind);

struct HopTally {
  std::array<std::int64_t, fates> counts{};
  std::int64_t identities = 0;  // what the input had
  std::int64_t repeated = 0;    // later appearances
  std::int64_t duplicated = 0;  // rows too many
  std::int64_t altered = 0;     // rows that hold other data than any appearance
  std::int64_t revised = 0;     // left two traces
  std::int64_t by_others = 0;   // emitted by somebody else than Loom
  std::vector<Breach> breaches; // the first few
  [[nodiscard]] std::int64_t of(Fate fate) const { return counts[static_cast<std::size_t>(fate)]; }
};

/// Where messages of an entry topic ended along the path: the worst of what they were split into.
struct PathTally {
  std::array<std::int64_t, fates> counts{};
  std::int64_t messages = 0;
  [[nodiscard]] std::int64_t of(Fate fate) const { return counts[static_cast<std::size_t>(fate)]; }
};

struct ReceiptTally {
  std::int64_t receipts = 0, found = 0, expired = 0, missing = 0;
  std::vector<Breach> breaches;
};

struct Tally {
  std::vector<HopTally> hops;    // as plan.hops
  std::vector<PathTally> paths;  // as plan.paths
  ReceiptTally receipts;
  [[nodiscard]] std::int64_t lost() const;
  [[nodiscard]] std::int64_t duplicated() const;
  [[nodiscard]] std::int64_t altered() const;
  [[nodiscard]] bool holds() const { return lost() == 0 && duplicated() == 0 && altered() == 0; }
};

class Judge {
 public:
  struct Options {
    std::size_t shown = 20;         // breaches kept a hop
    bool by_receipts = false;       // paths count only messages that have a receipt
  };
  /// Of an entry of a sink's input; nullptr: its table cannot be read.
  using RowsOf = std::function<const RowsThere*(std::size_t hop, const Entry& entry)>;

  Judge(const Scene& scene, Options options);
  void message(std::span<const Entry> entries, const RowsOf& rows);
  /// When all messages were given. Where others than Loom emitted, what has no trace was theirs too: foreign, not lost.
  [[nodiscard]] const Tally& close();

 private:
  /// One identity at one hop.
  struct Case {
    std::string_view part;
    std::vector<const Entry*> appearances;  // in the order in which they came
    std::vector<const Entry*> repeats;      // those of them that were refused, because another one counts
    std::vector<const Entry*> outputs, ends;  // ends: drop records and dead letters
    bool is_source = false, has_foreign_output = false;
    Fate fate = Fate::lost;
    [[nodiscard]] bool is_repeat(const Entry* appearance) const;
    [[nodiscard]] const Entry& owed(GroupIndex group) const;  // the appearance that has to end
  };
  using Cases = std::vector<Case>;

  [[nodiscard]] Cases cases_of(std::size_t hop, std::span<const Entry> entries) const;
  void add_traces(std::size_t hop, std::span<const Entry> entries, Cases& cases) const;
  [[nodiscard]] bool is_of_earlier_period(std::size_t hop, const Case& it) const;
  void settle(std::size_t hop, Case& it, const RowsOf& rows);
  [[nodiscard]] Fate fate_of_stage(std::size_t hop, const Case& it);
  [[nodiscard]] Fate fate_of_sink(std::size_t hop, const Case& it, const RowsThere* there);
  [[nodiscard]] Fate fate_without_trace(std::size_t hop, const Case& it) const;
  [[nodiscard]] bool may_be_open(std::size_t hop, const Entry& entry) const;
  void check_parts(std::size_t hop, Case& it);
  void check_rows(std::size_t hop, Case& it, const RowsThere& there);
  void check_elements(std::size_t hop, Case& it, const RowsThere& there);
  void breach(std::size_t hop, const Case& it, Breach::Kind kind, std::string why);
  void walk_paths(std::span<const Entry> entries);
  [[nodiscard]] Fate end_of(const Path& path, std::size_t step, std::string_view part) const;
  void check_receipts(std::span<const Entry> entries);

  const Scene& scene_;
  const Plan& plan_;
  Options options_;
  Tally tally_;
  std::vector<Cases> cases_;  // of the message at hand, by hop
};

}  // namespace loom::books
