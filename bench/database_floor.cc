// The databases alone: rows that are ready in memory, ten columns and a key, batches of 10,000 a transaction.
// usage: database_floor postgres CONNINFO COUNT | database_floor sqlite FILE COUNT
#include <libpq-fe.h>
#include <sqlite3.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sample.h"
#include "usage.h"

namespace {

constexpr std::size_t batch_rows = 10000;

template <class T>
void put(std::string& to, T value) {
  for (int shift = (sizeof(T) - 1) * 8; shift >= 0; shift -= 8)
    to += static_cast<char>((static_cast<std::uint64_t>(value) >> shift) & 0xff);
}
void put_bytes(std::string& to, std::string_view bytes) {
  put(to, static_cast<std::int32_t>(bytes.size()));
  to += bytes;
}
void put_double(std::string& to, double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, 8);
  put(to, 8), put(to, bits);
}

std::string copy_row(std::uint64_t n) {
  std::string row;
  auto id = *loom::uuid_bytes(loom::new_message_id(loom::now_micros()));
  put(row, static_cast<std::int16_t>(10));
  put_bytes(row, {reinterpret_cast<const char*>(id.data()), 16});
  put_bytes(row, ""), put_bytes(row, "phone-1"), put_bytes(row, "gps_reading");
  put(row, 8), put(row, loom::now_micros() - 946684800000000LL);
  for (double value : {52.5, 13.4, 34.5, static_cast<double>(n % 50)}) put_double(row, value);
  put_bytes(row, "{\"speed\": 1.25, \"latitude\": 52.5, \"longitude\": 13.4, \"altitude\": 34.5}");
  return row;
}

int postgres(const char* conninfo, std::size_t count) {
  auto* connection = PQconnectdb(conninfo);
  if (PQstatus(connection) != CONNECTION_OK) return std::fprintf(stderr, "%s\n", PQerrorMessage(connection)), 69;
  auto run = [&](const char* sql) { PQclear(PQexec(connection, sql)); };
  run("DROP TABLE IF EXISTS floor; CREATE TABLE floor (id uuid, part text, device text, type text, at timestamptz, a "
      "float8, b float8, c float8, d float8, j text, PRIMARY KEY (id, part))");
  std::vector<std::string> rows;
  for (std::size_t n = 0; n < count; ++n) rows.push_back(copy_row(n));
  loom::bench::Usage usage;
  for (std::size_t start = 0; start < count; start += batch_rows) {
    run("BEGIN");
    run("COPY floor FROM STDIN (FORMAT binary)");
    std::string data("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    for (std::size_t n = start; n < std::min(count, start + batch_rows); ++n) data += rows[n];
    data += "\xff\xff";
    PQputCopyData(connection, data.data(), static_cast<int>(data.size()));
    PQputCopyEnd(connection, nullptr);
    while (auto* result = PQgetResult(connection)) {
      if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return std::fprintf(stderr, "%s\n", PQresultErrorMessage(result)), 70;
      PQclear(result);
    }
    run("COMMIT");
  }
  usage.print("copy", count);
  PQfinish(connection);
  return 0;
}

int sqlite(const char* file, std::size_t count) {
  sqlite3* database = nullptr;
  sqlite3_open(file, &database);
  auto run = [&](const char* sql) { sqlite3_exec(database, sql, nullptr, nullptr, nullptr); };
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  run("CREATE TABLE floor (id TEXT, part TEXT, device TEXT, type TEXT, at TEXT, a REAL, b REAL, c REAL, d REAL, j "
      "TEXT, PRIMARY KEY (id, part)) WITHOUT ROWID");
  std::vector<std::string> ids;
  for (std::size_t n = 0; n < count; ++n) ids.push_back(loom::new_message_id(loom::now_micros()));
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO floor VALUES (?,?,?,?,?,?,?,?,?,?)", -1, &insert, nullptr);
  loom::bench::Usage usage;
  for (std::size_t start = 0; start < count; start += batch_rows) {
    run("BEGIN IMMEDIATE");
    for (std::size_t n = start; n < std::min(count, start + batch_rows); ++n) {
      const char* texts[] = {ids[n].c_str(), "", "phone-1", "gps_reading", "2026-11-23T12:00:00.000000Z"};
      for (int i = 0; i < 5; ++i) sqlite3_bind_text(insert, i + 1, texts[i], -1, SQLITE_STATIC);
      for (int i = 0; i < 4; ++i) sqlite3_bind_double(insert, i + 6, 52.5 + i);
      sqlite3_bind_text(insert, 10, "{\"speed\": 1.25, \"latitude\": 52.5, \"longitude\": 13.4, \"altitude\": 34.5}",
                        -1, SQLITE_STATIC);
      if (sqlite3_step(insert) != SQLITE_DONE) return std::fprintf(stderr, "%s\n", sqlite3_errmsg(database)), 70;
      sqlite3_reset(insert);
    }
    run("COMMIT");
  }
  usage.print("insert", count);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 64;
  auto count = static_cast<std::size_t>(std::atoll(argv[3]));
  return std::strcmp(argv[1], "postgres") == 0 ? postgres(argv[2], count) : sqlite(argv[2], count);
}
