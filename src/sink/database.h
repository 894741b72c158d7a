// The contract that both databases meet (sqlite/, postgres/): rows and next offsets in ONE transaction, offsets moved
// by compare-and-set. Bad rows are found one by one and handed to `before_commit`; every good row of the batch lands.
// Ownership: a Database is one connection; it reconnects by itself. Threads: one at a time.
// Errors: unavailable (away, disk full, locked too long: try again), schema (an operator is needed), internal.
//   auto database = open_database("sqlite:loom.db", folder, log);
//   auto outcome = (*database)->write(batch, [&](std::span<const BadRow> bad) { return dead_letter(bad); });
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.h"
#include "model/record.h"
#include "sink/table.h"

namespace loom::sink {

/// Whose offsets: rows of `loom_offsets` are keyed by (group, cluster, topic, topic id, partition).
struct Owner {
  ConsumerGroup group;
  std::string cluster_id;
};

struct OffsetKey {
  model::TopicPartition partition;
  std::string topic_id;
  friend auto operator<=>(const OffsetKey&, const OffsetKey&) = default;
};
struct OffsetMove {
  OffsetKey key;
  std::optional<Offset> from;  // what the row must say; absent: there must be no row yet
  Offset to;
};
struct OffsetRow {
  OffsetKey key;
  Offset next;
};

struct RowGroup {
  const Binding* binding = nullptr;
  std::vector<Row> rows;
};
struct Batch {
  Owner owner;
  std::vector<RowGroup> groups;
  std::vector<OffsetMove> offsets;
};

enum class RowOutcome { stored, repeated, merged, dead };
struct BadRow {
  std::size_t group, row;  // indexes into the batch
  Error error;             // conflict (code identity_conflict) or what the database said of this row
};
/// Runs once per try, after the rows, before COMMIT, also with nothing bad. An error rolls everything back.
using BeforeCommit = std::function<Result<void>(std::span<const BadRow> bad)>;

struct Written {
  std::vector<std::vector<RowOutcome>> groups;  // as in the batch
};
/// Nothing was written: these partitions (indexes into `offsets`) have been moved on by somebody else.
struct Moved {
  std::map<std::size_t, std::optional<Offset>> current;
};
/// Nothing was written: the table of this group does not fit.
struct SchemaTrouble {
  std::size_t group;
  Error error;
};
using WriteOutcome = std::variant<Written, Moved, SchemaTrouble>;

struct TextTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

class Database {
 public:
  virtual ~Database() = default;
  [[nodiscard]] virtual Dialect dialect() const = 0;

  /// nullopt: there is no such table.
  virtual Result<std::optional<LiveTable>> describe(const TableName& table) = 0;
  /// All statements in one transaction, one process at a time.
  virtual Result<void> apply(std::span<const std::string> statements) = 0;

  /// Rows of the owner's topics, all topic ids and partitions. Makes `loom_offsets` where it is missing.
  virtual Result<std::vector<OffsetRow>> read_offsets(const Owner& owner, std::span<const TopicName> topics) = 0;
  virtual Result<WriteOutcome> write(const Batch& batch, const BeforeCommit& before_commit) = 0;

  /// A read-only query for few rows, by indexes where there are some; every value as text: for tools that print.
  virtual Result<TextTable> query(std::string_view sql) = 0;
};

/// "sqlite:path" (relative to `folder`) or "postgres://…", "postgresql://…" (libpq's options in the query part; the
/// password from PGPASSWORD or pgpass). Connects at the first call, so that an absent server is no error here.
[[nodiscard]] Result<std::unique_ptr<Database>> open_database(const std::string& url, const std::string& folder,
                                                              Log log);

}  // namespace loom::sink
