// Which rows a message of one mapped topic must have, by the same pure mapping that the sink uses, and how they are
// looked up. A message's own row is found by its identity, or by the mapping's key; its array rows are counted.
// Threads: one. Errors: unavailable; schema where the table does not fit the mapping.
//   auto wanted = WantedRows::open(database, mappings, topic);   wanted->note(record, cluster_id, entry, text);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "books/entry.h"
#include "loom/json.h"
#include "model/record.h"
#include "sink/row_finder.h"

namespace loom::books {

/// What `note` wrote in Entry::rows.
struct RowsNote {
  bool is_refused = false;       // no row can be made of it: it has to be a dead letter
  std::string_view condition;    // of tables with a key of their own
  std::vector<std::int64_t> elements;  // how many rows each array gives
};
[[nodiscard]] std::string to_text(const RowsNote& note);
[[nodiscard]] RowsNote rows_note(std::string_view text);

/// What lies in the database for one identity.
struct RowsThere {
  std::int64_t rows = 0;
  bool is_other = false;                    // under this key lies another message: merged
  std::vector<std::uint64_t> fingerprints;  // of its rows; empty where the table keeps none
  std::vector<std::int64_t> elements;
};

class WantedRows {
 public:
  static Result<WantedRows> open(sink::Database& database, const model::Mappings& mappings, const TopicName& topic);

  /// Fills `entry.rows` (a view into `text`) and `entry.fingerprint`.
  void note(const model::Record& record, const std::string& cluster_id, Entry& entry, std::string& text);

  /// One answer an entry, in order. Entries are of this topic and of kind message.
  Result<std::vector<RowsThere>> find(const std::vector<const Entry*>& entries);

 private:
  struct Elements {
    std::string path;
    sink::RowFinder finder;
  };
  explicit WantedRows(sink::RowFinder own) : own_(std::move(own)) {}
  Result<void> find_own(const std::vector<const Entry*>& entries, std::vector<RowsThere>& there);
  Result<void> find_elements(const std::vector<const Entry*>& entries, std::vector<RowsThere>& there);

  sink::RowFinder own_;
  std::vector<Elements> elements_;
  json::Document document_;
};

}  // namespace loom::books
