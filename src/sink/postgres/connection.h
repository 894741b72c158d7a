// One libpq connection. Threads: one at a time. Errors carry the SQLSTATE; the server's DETAIL, which quotes rows,
// never.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loom/error.h"

namespace loom::sink::postgres {

/// Which kind of error an SQLSTATE is: data (invalid_value), schema, or unavailable.
[[nodiscard]] ErrorKind kind_of(std::string_view sqlstate);

class Answer {
 public:
  explicit Answer(PGresult* result) : result_(result, PQclear) {}
  [[nodiscard]] PGresult* get() const { return result_.get(); }
  [[nodiscard]] int rows() const { return PQntuples(result_.get()); }
  [[nodiscard]] int columns() const { return PQnfields(result_.get()); }
  [[nodiscard]] std::optional<std::string> text(int row, int column) const;
  [[nodiscard]] std::string word(int row, int column) const { return text(row, column).value_or(""); }
  [[nodiscard]] bool yes(int row, int column) const { return word(row, column) == "t"; }
  [[nodiscard]] std::string affected() const { return PQcmdTuples(result_.get()); }
  [[nodiscard]] std::string tag() const { return PQcmdStatus(result_.get()); }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

using Parameters = std::vector<std::string>;

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& url);

  /// Statements separated by ';', no parameters: the answer to each.
  Result<std::vector<Answer>> run(const std::string& sql);
  /// One statement, parameters as text.
  Result<Answer> ask(const std::string& sql, const Parameters& parameters = {});
  /// COPY … FROM STDIN: `begin`, any number of `send`, `end`. After an error there is nothing to end.
  Result<void> begin_copy(const std::string& sql);
  Result<void> send_copy(std::string_view bytes);
  Result<void> end_copy();
  void abort_copy();

  [[nodiscard]] bool lost() const { return PQstatus(connection_.get()) != CONNECTION_OK; }
  [[nodiscard]] bool in_transaction() const { return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE; }

 private:
  explicit Connection(PGconn* connection) : connection_(connection, PQfinish) {}
  [[nodiscard]] Error error_of(const PGresult* result) const;
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

}  // namespace loom::sink::postgres
