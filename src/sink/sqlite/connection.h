// One SQLite connection and its prepared statements. Threads: one at a time. Errors carry the extended result code.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "loom/error.h"
#include "sink/cell.h"

namespace loom::sink::sqlite {

/// Which kind of error a result code is: data (invalid_value), schema, or unavailable.
[[nodiscard]] ErrorKind kind_of(int code);
[[nodiscard]] Error error_of(sqlite3* connection, int code);

/// A prepared statement between uses: reset when it goes out of scope.
class Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { sqlite3_reset(statement_); }

  void bind(int index, const Cell& cell);  // text and bytes are not copied: the cell lives until the next reset
  void bind(int index, std::string_view text) {
    sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void bind(int index, std::int64_t number) { sqlite3_bind_int64(statement_, index, number); }
  [[nodiscard]] int step() { return sqlite3_step(statement_); }  // SQLITE_ROW, SQLITE_DONE or an error
  [[nodiscard]] std::optional<std::string> text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> execute(const std::string& sql);
  /// Cached by its text; the cache owns it.
  Result<sqlite3_stmt*> prepared(const std::string& sql);
  [[nodiscard]] sqlite3* get() const { return connection_; }
  [[nodiscard]] bool is_read_only() const { return sqlite3_db_readonly(connection_, "main") == 1; }
  [[nodiscard]] int changes() const { return sqlite3_changes(connection_); }

 private:
  explicit Connection(sqlite3* connection) : connection_(connection) {}
  sqlite3* connection_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

/// BEGIN IMMEDIATE … COMMIT; rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace loom::sink::sqlite
