#include "sink/postgres/connection.h"

#include <array>

namespace loom::sink::postgres {
namespace {

/// What the server does about a client that is gone without a word, so that its locks go, too (decision 0037). Set for
/// the session, unless the URL, the role or the database has its own.
constexpr const char* limits_sql =
    "SELECT set_config(name, value, false) FROM (VALUES ('idle_in_transaction_session_timeout', '20s'), "
    "('lock_timeout', '25s'), ('tcp_keepalives_idle', '10s'), ('tcp_keepalives_interval', '5s'), "
    "('tcp_keepalives_count', '3'), ('tcp_user_timeout', '30s')) AS ours(name, value) JOIN pg_settings USING (name) "
    "WHERE source NOT IN ('client', 'user', 'database', 'database user')";

std::string first_line(std::string_view text) {
  auto line = std::string(text.substr(0, text.find('\n')));
  constexpr std::size_t longest = 200;
  if (line.size() > longest) line = line.substr(0, longest) + "…";
  return line;
}

bool failed(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_COPY_IN:
    case PGRES_EMPTY_QUERY:
      return false;
    default:
      return true;
  }
}

}  // namespace

ErrorKind kind_of(std::string_view sqlstate) {
  auto group = sqlstate.substr(0, 2);
  if (group == "22" || group == "23" || group == "54" || group == "0A" || sqlstate == "P0001")
    return ErrorKind::invalid_value;
  if (group == "42") return ErrorKind::schema;
  return ErrorKind::unavailable;
}

std::optional<std::string> Answer::text(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column)) return std::nullopt;
  return std::string(PQgetvalue(result_.get(), row, column),
                     static_cast<std::size_t>(PQgetlength(result_.get(), row, column)));
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& url) {
  // What comes before dbname is a default, the URL's own options win.
  constexpr std::array<const char*, 7> defaults{
      "fallback_application_name", "connect_timeout",  "keepalives_idle", "keepalives_interval",
      "keepalives_count",          "tcp_user_timeout", "dbname"};
  std::array<const char*, 9> names{}, values{"loom", "10", "10", "5", "3", "30000", url.c_str(), "UTF8", nullptr};
  std::copy(defaults.begin(), defaults.end(), names.begin());
  names[7] = "client_encoding";
  auto* opened = PQconnectdbParams(names.data(), values.data(), 1);
  if (!opened) return fail(ErrorKind::unavailable, "PostgreSQL: no memory for a connection");
  std::unique_ptr<Connection> connection(new Connection(opened));
  if (connection->lost())
    return fail(ErrorKind::unavailable, "PostgreSQL: " + first_line(PQerrorMessage(opened)),
                {.remedy = "check database.url and the server", .code = "08001"});
  PQsetNoticeProcessor(
      opened, [](void*, const char*) {}, nullptr);
  if (auto limited = connection->run(limits_sql); !limited) return tl::unexpected(limited.error());
  return connection;
}

Error Connection::error_of(const PGresult* result) const {
  const char* state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  if (!state)
    return Error{ErrorKind::unavailable, "PostgreSQL: " + first_line(PQerrorMessage(connection_.get())), "", "",
                 lost() ? "08006" : "08000"};
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
  auto kind = lost() ? ErrorKind::unavailable : kind_of(state);
  return Error{kind, "PostgreSQL: " + first_line(primary ? primary : "unknown error"), column ? column : "",
               kind == ErrorKind::schema ? "run 'loom tables apply'" : "", state};
}

Result<std::vector<Answer>> Connection::run(const std::string& sql) {
  if (!PQsendQuery(connection_.get(), sql.c_str())) return tl::unexpected(error_of(nullptr));
  std::vector<Answer> answers;
  std::optional<Error> error;
  while (auto* result = PQgetResult(connection_.get())) {
    answers.emplace_back(result);
    if (failed(result) && !error) error = error_of(result);
  }
  if (error) return tl::unexpected(*std::move(error));
  if (lost()) return tl::unexpected(error_of(nullptr));
  return answers;
}

Result<Answer> Connection::ask(const std::string& sql, const Parameters& parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter.c_str());
  Answer answer(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                             nullptr, nullptr, 0));
  if (!answer.get() || failed(answer.get())) return tl::unexpected(error_of(answer.get()));
  return answer;
}

Result<void> Connection::begin_copy(const std::string& sql) {
  Answer answer(PQexec(connection_.get(), sql.c_str()));
  if (PQresultStatus(answer.get()) != PGRES_COPY_IN) return tl::unexpected(error_of(answer.get()));
  return {};
}

Result<void> Connection::send_copy(std::string_view bytes) {
  if (PQputCopyData(connection_.get(), bytes.data(), static_cast<int>(bytes.size())) == 1) return {};
  return tl::unexpected(error_of(nullptr));
}

Result<void> Connection::end_copy() {
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) return tl::unexpected(error_of(nullptr));
  std::optional<Error> error;
  while (auto* result = PQgetResult(connection_.get())) {
    Answer answer(result);
    if (failed(result) && !error) error = error_of(result);
  }
  if (error) return tl::unexpected(*std::move(error));
  if (lost()) return tl::unexpected(error_of(nullptr));
  return {};
}

void Connection::abort_copy() {
  PQputCopyEnd(connection_.get(), "given up");
  while (auto* result = PQgetResult(connection_.get())) PQclear(result);
}

}  // namespace loom::sink::postgres
