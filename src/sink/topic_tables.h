// The bindings of the mapped topics, read from the live tables when first needed and again after trouble.
// Threads: belongs to one worker.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/log.h"
#include "sink/database.h"
#include "sink/schema.h"

namespace loom::sink {

/// A topic's bindings: of its own table and of its arrays'. And the same without those columns that a row leaves to the database's default.
class TopicTable {
 public:
  explicit TopicTable(Binding binding);
  [[nodiscard]] const Binding& binding() const { return whole_; }
  /// Takes the NULL cells of columns with a default out of the row; the answer fits what is left.
  [[nodiscard]] const Binding& fit(Row& row);

  /// The tables of the message's arrays, by their paths.
  std::vector<std::pair<std::string, std::unique_ptr<TopicTable>>> elements;
  [[nodiscard]] bool feeds(const TableName& table) const;

 private:
  Binding whole_;
  std::vector<std::size_t> optional_;  // columns with a default, not in the key
  std::map<std::vector<std::size_t>, std::unique_ptr<Binding>> without_;
};

class TopicTables {
 public:
  struct Settings {
    bool create = false;  // make missing tables
  };
  TopicTables(const model::Mappings& mappings, Settings settings, Log log)
      : mappings_(mappings), settings_(settings), log_(std::move(log)) {}

  /// Errors: schema (said once in the log until it is mended), unavailable.
  [[nodiscard]] Result<TopicTable*> of(Database& database, const TopicName& topic);
  /// The table did not fit after all: it is read again next time.
  void trouble(const TableName& table, const Error& error);

 private:
  Result<TopicTable> read(Database& database, const TopicName& topic);
  Result<Binding> read_binding(Database& database, const model::TopicMapping& mapping);
  void say(const TableName& table, const Error& error);

  const model::Mappings& mappings_;
  Settings settings_;
  Log log_;
  std::map<TopicName, TopicTable> tables_;
  std::map<TableName, std::string> troubles_;  // what was said of a table that does not fit
};

}  // namespace loom::sink
