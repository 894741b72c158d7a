// What the sink's tests share: databases of both kinds, messages, and rows made the way the sink makes them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "model/message.h"
#include "sink/rows.h"
#include "sink/schema.h"
#include "tests/support/test_postgres.h"

namespace loom::sink {

inline model::Mappings mappings_of(const std::string& yaml) {
  config::Faults faults;
  auto root = config::Node::parse(yaml, "topic_mappings.yml", faults);
  auto mappings = model::read_mappings(root, faults);
  EXPECT_FALSE(faults.any_fault()) << faults.text();
  return mappings;
}

struct Message {
  std::string topic = "t";
  int partition = 0;
  std::int64_t offset = 0;
  std::string id{};  // "" = from the offset
  std::string device = "phone-1";
  std::string data = "{}";
  std::string value{};  // the whole value, instead
  std::string replay_for{};
  std::string results{};
};

inline std::string id_of(std::int64_t number) {
  auto text = std::to_string(number);
  return "0198f0c2-0000-7000-8000-" + std::string(12 - text.size(), '0') + text;
}

inline model::Record record_of(const Message& message) {
  model::Record::Parts parts;
  parts.topic = message.topic, parts.partition = message.partition, parts.offset = message.offset;
  parts.timestamp_ms = 1764000000000;
  parts.value = message.value;
  if (parts.value.empty()) {
    model::EdgeMessage edge;
    edge.message_id = message.id.empty() ? id_of(message.partition * 1000000 + message.offset) : message.id;
    edge.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    edge.message_type = "gps_reading", edge.device_id = message.device, edge.pipeline_hint = "hint";
    edge.recorded_at = 1764000000123456, edge.timestamp = 1764000000456789;
    edge.data = message.data;
    model::encode(parts.value, edge);
    if (!message.results.empty()) {
      parts.value.pop_back();
      parts.value += ",\"results\":" + message.results + "}";
    }
  }
  if (!message.replay_for.empty()) parts.headers.emplace_back("loom-replay-for", message.replay_for);
  return model::Record::of(std::move(parts));
}

inline Result<Row> row_of(const Binding& binding, const Message& message) {
  auto record = record_of(message);
  json::Document document;
  auto envelope = model::decode(record, "cluster", document);
  if (!envelope) return tl::unexpected(envelope.error());
  return to_row(binding, record, *envelope);
}

inline OffsetMove move_of(std::optional<std::int64_t> from, std::int64_t to, int partition = 0,
                          const std::string& topic = "t") {
  return {{{TopicName{topic}, Partition{partition}}, "id-1"},
          from ? std::optional(Offset{*from}) : std::nullopt,
          Offset{to}};
}

inline const Owner owner{ConsumerGroup{"sink"}, "cluster"};

inline Result<void> nothing(std::span<const BadRow>) { return {}; }

/// A database of its own for each test; the PostgreSQL server is shared by the whole program.
class Databases {
 public:
  static test::TestPostgres& server() {
    static test::TestPostgres one({.fsync = std::getenv("LOOM_BENCH_FSYNC") != nullptr, .settings = {}});
    return one;
  }
  explicit Databases(std::string kind) : kind_(std::move(kind)) {
    static int counter = 0;
    if (kind_ == "sqlite") {
      url_ = "sqlite:test.db";
    } else if (server().started()) {
      auto name = "test" + std::to_string(++counter);
      server().sql("CREATE DATABASE " + name);
      url_ = server().url(name);
    }
  }
  [[nodiscard]] bool available() const { return !url_.empty(); }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }
  [[nodiscard]] std::unique_ptr<Database> open() const {
    auto database = open_database(url_, folder_.path(), Log::silent());
    EXPECT_TRUE(database) << to_string(database.error());
    return *std::move(database);
  }

 private:
  std::string kind_, url_;
  test::TempFolder folder_;
};

/// The query's rows, cells joined by '|', NULL as "-".
inline std::vector<std::string> lines(Database& database, const std::string& sql) {
  auto table = database.query(sql);
  EXPECT_TRUE(table) << to_string(table.error());
  std::vector<std::string> all;
  if (!table) return all;
  for (const auto& row : table->rows) {
    std::string line;
    for (const auto& cell : row) line += (line.empty() ? "" : "|") + cell.value_or("-");
    all.push_back(line);
  }
  return all;
}

}  // namespace loom::sink
