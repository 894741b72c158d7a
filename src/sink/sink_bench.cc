// Rows a second from consumed records to COMMIT (decode, to_row, write), with fsync on. Not part of the library.
//   sink_bench [rows]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/clock.h"
#include "sink/sink_fixture.h"
#include "sink/store_work.h"

namespace {

using namespace loom;
using namespace loom::sink;

constexpr const char* mapping = R"(
topics:
  t:
    table: bench
    field_mappings: {data.latitude: latitude, data.longitude: longitude, data.accuracy: accuracy, data.note: note}
    data_types: {latitude: float, longitude: float, accuracy: integer}
)";
const char* ten_columns(bool sqlite) {
  return sqlite ? "CREATE TABLE bench (message_id UUID TEXT NOT NULL, part TEXT NOT NULL, fingerprint TEXT, device_id "
                  "TEXT, recorded_at TIMESTAMP TEXT, "
                  "latitude REAL, longitude REAL, accuracy INTEGER, note TEXT, kafka_offset INTEGER, PRIMARY KEY "
                  "(message_id, part))"
                : "CREATE TABLE bench (message_id uuid NOT NULL, part text NOT NULL, fingerprint text, device_id text, "
                  "recorded_at timestamptz, "
                  "latitude float8, longitude float8, accuracy int8, note text, kafka_offset int8, PRIMARY KEY "
                  "(message_id, part))";
}

std::vector<model::Record> records_of(std::int64_t first, std::size_t count) {
  std::vector<model::Record> records;
  records.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Message message;
    message.offset = first + static_cast<std::int64_t>(i);
    message.id = new_message_id(now_micros());
    message.data = R"({"latitude":52.52)" + std::to_string(message.offset % 1000) +
                   R"(,"longitude":13.405,"accuracy":5,"note":"walking in the park"})";
    records.push_back(record_of(message));
  }
  return records;
}

void run(const char* name, const Databases& databases, const std::string& ddl, std::size_t total) {
  constexpr std::size_t batch = 10000;
  auto database = databases.open();
  auto mappings = mappings_of(mapping);
  if (!ddl.empty()) (void)database->apply(std::vector{ddl});
  if (auto applied = apply_tables(*database, mappings); !applied)
    std::printf("%s\n", to_string(applied.error()).c_str());
  Registry registry;
  StoreOptions options{owner.group, owner.cluster_id, {}, mappings, {.url = databases.url()}, databases.folder()};
  auto work = store_work(options, registry, Log::silent());
  auto worker = work->make_worker({"cluster", [](auto) -> Result<void> { return {}; }});
  double seconds = 0, processor = 0;
  std::size_t bytes = 0, stored = 0;
  for (std::size_t done = 0; done < total; done += batch) {
    auto records = records_of(static_cast<std::int64_t>(done), batch);
    std::vector<const model::Record*> pointers;
    for (const auto& record : records) pointers.push_back(&record), bytes += record.value().size();
    auto start = std::chrono::steady_clock::now();
    auto before = std::clock();
    auto verdicts = (*worker)->handle(pointers);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    processor += static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    for (const auto& verdict : verdicts)
      if (auto* how = std::get_if<runner::Done>(&verdict); how && how->how == "stored") ++stored;
    if (auto* retry = std::get_if<Retry>(&verdicts.front())) std::printf("%s\n", to_string(retry->error).c_str());
  }
  std::printf("%-28s %8.0f rows/s, %.2f CPU-us a row here  (%zu rows, %zu B each, %zu stored)\n", name,
              static_cast<double>(total) / seconds, processor * 1e6 / static_cast<double>(total), total, bytes / total,
              stored);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t rows = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 500000;
  run("sqlite, ten columns", Databases("sqlite"), ten_columns(true), rows);
  run("sqlite, created table", Databases("sqlite"), "", rows);
  run("postgres, ten columns", Databases("postgres"), ten_columns(false), rows);
  run("postgres, created table", Databases("postgres"), "", rows);
}
