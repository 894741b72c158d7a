// One row after the other inside a transaction: insert, or say what its key fell on. Bad rows leave the others alone.
#pragma once

#include "sink/classify.h"
#include "sink/database.h"
#include "sink/sqlite/connection.h"

namespace loom::sink::sqlite {

class RowWriter {
 public:
  RowWriter(Connection& connection, const Binding& binding);

  struct Fate {
    RowOutcome outcome = RowOutcome::stored;
    std::optional<Error> bad;
  };
  /// Errors: schema, unavailable: the transaction is to be rolled back.
  [[nodiscard]] Result<Fate> write(const Row& row);

 private:
  Result<Fate> settle_clash(const Row& row);
  Result<std::optional<Existing>> find(const Row& row);
  Result<std::optional<Error>> overwrite(const Row& row);
  Result<std::optional<Error>> run(Use& use);
  [[nodiscard]] std::string key_condition(std::size_t first_parameter) const;

  Connection& connection_;
  const Binding& binding_;
  std::string insert_;
  sqlite3_stmt* prepared_insert_ = nullptr;
};

}  // namespace loom::sink::sqlite
