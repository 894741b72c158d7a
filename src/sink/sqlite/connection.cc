#include "sink/sqlite/connection.h"

#include "base/clock.h"
#include "loom/json.h"
#include "sink/classify.h"

namespace loom::sink::sqlite {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::string json_of(const TextArray& array) {
  std::string to = "[";
  for (const auto& value : array.values) {
    if (to.size() > 1) to += ',';
    if (value) {
      json::append_string(to, *value);
    } else {
      to += "null";
    }
  }
  return to += ']';
}

std::string json_of(const FloatArray& array) {
  std::string to = "[";
  for (double value : array.values) {
    if (to.size() > 1) to += ',';
    json::append_number(to, value);
  }
  return to += ']';
}

}  // namespace

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
      return ErrorKind::invalid_value;
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_AUTH:
      return ErrorKind::schema;
    default:
      return ErrorKind::unavailable;
  }
}

Error error_of(sqlite3* connection, int code) {
  auto kind = kind_of(code);
  auto remedy = kind == ErrorKind::schema ? "run 'loom tables apply'" : "";
  return Error{kind, std::string("SQLite: ") + sqlite3_errmsg(connection), "", remedy,
               "sqlite:" + std::to_string(code)};
}

void Use::bind(int index, const Cell& cell) {
  auto copied = [&](const std::string& text) {
    sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  };
  std::visit(Overloaded{
                 [&](Null) { sqlite3_bind_null(statement_, index); },
                 [&](bool value) { sqlite3_bind_int(statement_, index, value ? 1 : 0); },
                 [&](std::int64_t value) { sqlite3_bind_int64(statement_, index, value); },
                 [&](double value) { sqlite3_bind_double(statement_, index, value); },
                 [&](const Text& text) { bind(index, std::string_view(text.value)); },
                 [&](const Json& json) { bind(index, std::string_view(json.value)); },
                 [&](const Blob& blob) {
                   sqlite3_bind_blob64(statement_, index, blob.value.data(), blob.value.size(), SQLITE_STATIC);
                 },
                 [&](Timestamp time) { copied(to_rfc3339(time.value)); },
                 [&](const Uuid& uuid) { copied(to_text(uuid)); },
                 [&](const TextArray& array) { copied(json_of(array)); },
                 [&](const FloatArray& array) { copied(json_of(array)); },
             },
             cell);
}

std::optional<std::string> Use::text(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path) {
  sqlite3* opened = nullptr;
  int code =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Connection> connection(new Connection(opened));
  if (code != SQLITE_OK) {
    auto error = error_of(opened, code);
    error.message += " ('" + path + "')";
    error.remedy = "check database.url and the folder's rights";
    return tl::unexpected(std::move(error));
  }
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_timeout(opened, 10000);
  for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-32768",
                             "PRAGMA wal_autocheckpoint=4000"})
    if (auto set = connection->execute(pragma); !set) return tl::unexpected(set.error());
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

Result<void> Connection::execute(const std::string& sql) {
  int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error_of(connection_, sqlite3_extended_errcode(connection_)));
  return {};
}

Result<sqlite3_stmt*> Connection::prepared(const std::string& sql) {
  auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v3(connection_, sql.c_str(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error_of(connection_, code));
  statements_.emplace(sql, statement);
  return statement;
}

Result<Transaction> Transaction::begin(Connection& connection) {
  if (auto begun = connection.execute("BEGIN IMMEDIATE"); !begun) return tl::unexpected(begun.error());
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ && sqlite3_get_autocommit(connection_->get()) == 0) (void)connection_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  auto committed = connection_->execute("COMMIT");
  if (!committed) {
    if (committed.error().kind == ErrorKind::invalid_value)
      committed.error().kind = ErrorKind::unavailable;  // no row is to blame
    return committed;
  }
  connection_ = nullptr;
  return {};
}

}  // namespace loom::sink::sqlite
