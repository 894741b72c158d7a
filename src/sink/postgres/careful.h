// The rows of one group, inside an open transaction, when keys clash or rows are bad: asks which keys exist, copies the
// others, overwrites where the mapping says so; savepoints and halving find the bad rows, every other one lands.
#pragma once

#include <span>

#include "sink/classify.h"
#include "sink/database.h"
#include "sink/postgres/copy.h"

namespace loom::sink::postgres {

class CarefulWriter {
 public:
  CarefulWriter(Connection& connection, const RowGroup& group);

  struct Fates {
    std::vector<RowOutcome> outcomes;                // one a row
    std::vector<std::pair<std::size_t, Error>> bad;  // row and what is wrong with it
  };
  /// Errors: schema, unavailable: the transaction is to be rolled back.
  [[nodiscard]] Result<Fates> write();

 private:
  struct Run {  // rows of a key, in the order in which they came
    std::vector<std::size_t> rows;
    std::size_t at = 0;     // the next one to try
    bool together = false;  // overwriting: all of them folded into one first
  };
  struct Candidate {
    Run* run = nullptr;
    const Row* row = nullptr;
    std::optional<Existing> existing;  // what its key fell on
    std::optional<Error> bad;
  };
  using Candidates = std::span<Candidate*>;
  using Step = Result<void> (CarefulWriter::*)(Candidates);

  Result<void> round(std::vector<Run>& runs);
  /// Takes the step with all but the bad ones, which it marks; those whose key is there after all get `existing`.
  Result<void> try_each(Candidates candidates, Step step);
  /// Also joins runs whose keys are equal to the database, though they differ here.
  Result<void> find_existing(Candidates candidates);
  void join(Run& run, Run& more) const;
  bool is_each_alone(std::span<Candidate> candidates);
  Result<void> copy(Candidates candidates);
  Result<void> overwrite(Candidates candidates);
  Result<void> make_stage();
  [[nodiscard]] std::string overwrite_sql() const;
  [[nodiscard]] Row folded(const std::vector<std::size_t>& rows) const;

  void settle(Candidate& candidate);
  void settle_ignored(Candidate& candidate);
  void settle_overwritten(Candidate& candidate);
  void settle_one(std::size_t row, const std::optional<Existing>& before);
  void reject(std::size_t row, Error error);

  Connection& connection_;
  const RowGroup& group_;
  const Binding& binding_;
  std::vector<Wire> wires_;
  Fates fates_;
};

}  // namespace loom::sink::postgres
