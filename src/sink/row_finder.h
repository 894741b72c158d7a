// Rows looked up for those who prove what was stored: by the identity of their message, or by the key that the mapping
// gives. Reads only, in bounded batches. Threads: as the Database. Errors: unavailable, schema.
//   RowFinder finder(database, *binding_for_reading(...));  auto rows = finder.by_identity(ids);
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sink/database.h"
#include "sink/table.h"

namespace loom::sink {

/// As `bind`, also where the table has lost the unique index of its key: then rows may be there twice.
[[nodiscard]] Result<Binding> binding_for_reading(const model::Mappings& mappings, const model::TopicMapping& mapping,
                                                  LiveTable live, Dialect dialect);

struct FoundRows {
  std::string message_id, part, fingerprint;  // "" where the table has no such column or it is NULL
  std::int64_t count = 0;
};

class RowFinder {
 public:
  RowFinder(Database& database, Binding binding) : database_(database), binding_(std::move(binding)) {}
  [[nodiscard]] const Binding& binding() const { return binding_; }

  /// Rows are told apart by their message's identity; otherwise by other columns, and messages merge in one row.
  [[nodiscard]] bool is_by_identity() const;
  /// The rows of these messages (lower-case UUIDs), grouped by identity and fingerprint.
  Result<std::vector<FoundRows>> by_identity(std::span<const std::string> ids);

  /// SQL that is true for the row of this key; "" where a cell of it is NULL.
  [[nodiscard]] std::string condition_of(const Row& row) const;
  /// For each condition the identities that its rows have.
  Result<std::vector<std::vector<FoundRows>>> by_condition(std::span<const std::string> conditions);

 private:
  [[nodiscard]] std::string column(std::optional<std::size_t> index) const;
  [[nodiscard]] std::string own_topic() const;
  Result<void> ask(std::span<const std::string> conditions, std::span<std::vector<FoundRows>> found_rows);

  Database& database_;
  Binding binding_;
};

/// A value as an SQL literal of the column's type.
[[nodiscard]] std::string literal_of(const Cell& cell, const BoundColumn& column, Dialect dialect);

}  // namespace loom::sink
