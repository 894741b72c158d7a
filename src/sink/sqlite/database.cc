#include "sink/sqlite/database.h"

#include <algorithm>

#include "base/clock.h"
#include "sink/sql_text.h"
#include "sink/sqlite/writer.h"
#include "sink/types.h"

namespace loom::sink::sqlite {
namespace {

constexpr const char* create_offsets =
    "CREATE TABLE IF NOT EXISTS loom_offsets (consumer_group TEXT NOT NULL, cluster_id TEXT NOT NULL, topic TEXT NOT "
    "NULL, "
    "topic_id TEXT NOT NULL, kafka_partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, updated_at TIMESTAMP TEXT "
    "NOT NULL, "
    "PRIMARY KEY (consumer_group, cluster_id, topic, topic_id, kafka_partition)) WITHOUT ROWID";
constexpr const char* offset_condition =
    " WHERE consumer_group = ?1 AND cluster_id = ?2 AND topic = ?3 AND topic_id = ?4 AND kafka_partition = ?5";

class SqliteDatabase : public Database {
 public:
  explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }
  Result<std::optional<LiveTable>> describe(const TableName& table) override;
  Result<void> apply(std::span<const std::string> statements) override;
  Result<std::vector<OffsetRow>> read_offsets(const Owner& owner, std::span<const TopicName> topics) override;
  Result<WriteOutcome> write(const Batch& batch, const BeforeCommit& before_commit) override;
  Result<TextTable> query(std::string_view sql) override;

 private:
  /// A file that was read-only when it was opened is opened anew the next time: SQLite shares its locks between all
  /// connections of a process, so that one idle reader would keep every writer out for good.
  struct OnLeave {
    SqliteDatabase& self;
    ~OnLeave() {
      if (self.connection_ && self.connection_->is_read_only()) self.connection_.reset();
    }
  };

  Result<Connection*> connect();
  Result<WriteOutcome> write_once(const Batch& batch, const BeforeCommit& before_commit);
  Result<void> describe_columns(LiveTable& table);
  Result<void> describe_indexes(LiveTable& table);
  Result<std::vector<std::string>> index_columns(const std::string& index);
  Result<Moved> move_offsets(const Batch& batch);
  Result<bool> move_offset(const Owner& owner, const OffsetMove& move);
  Result<std::optional<Offset>> offset_of(const Owner& owner, const OffsetKey& key);

  std::string path_;
  std::unique_ptr<Connection> connection_;
};

Result<Connection*> SqliteDatabase::connect() {
  if (connection_) return connection_.get();
  auto opened = Connection::open(path_);
  if (!opened) return tl::unexpected(opened.error());
  connection_ = *std::move(opened);
  return connection_.get();
}

Result<std::optional<LiveTable>> SqliteDatabase::describe(const TableName& name) {
  OnLeave on_leave{*this};
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  LiveTable table{name, {}, {}};
  if (auto read = describe_columns(table); !read) return tl::unexpected(read.error());
  if (table.columns.empty()) return std::optional<LiveTable>{};
  if (auto read = describe_indexes(table); !read) return tl::unexpected(read.error());
  return std::optional<LiveTable>{std::move(table)};
}

Result<void> SqliteDatabase::describe_columns(LiveTable& table) {
  auto statement = connection_->prepared(
      "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid");
  if (!statement) return tl::unexpected(statement.error());
  Use use(*statement);
  use.bind(1, table.name.get());
  std::vector<std::pair<std::int64_t, std::string>> primary;
  int code = 0;
  while ((code = use.step()) == SQLITE_ROW) {
    LiveColumn column{.name = use.text(0).value_or(""), .native = use.text(1).value_or(""), .sql_type = {}, .type = {}};
    column.type = sqlite_type(column.native);
    column.decimal = true;  // an integer stays one in any column of numbers
    column.not_null = use.number(2) != 0;
    column.has_default = use.text(3).has_value();
    if (use.number(4) != 0) primary.emplace_back(use.number(4), column.name);
    column.generated = use.number(5) != 0;
    table.columns.push_back(std::move(column));
  }
  if (code != SQLITE_DONE) return tl::unexpected(error_of(connection_->get(), code));
  if (primary.empty()) return {};
  std::sort(primary.begin(), primary.end());
  UniqueIndex index{"primary key", {}};
  for (auto& [position, column] : primary) index.columns.push_back(column);
  for (auto& column : table.columns)  // the row id's other name: SQLite numbers it by itself
    if (primary.size() == 1 && column.name == primary[0].second && same_name(column.native, "integer", Dialect::sqlite))
      column.has_default = true;
  table.unique.push_back(std::move(index));
  return {};
}

Result<void> SqliteDatabase::describe_indexes(LiveTable& table) {
  std::vector<std::string> names;
  {
    auto statement =
        connection_->prepared("SELECT name FROM pragma_index_list(?1) WHERE \"unique\" = 1 AND partial = 0");
    if (!statement) return tl::unexpected(statement.error());
    Use use(*statement);
    use.bind(1, table.name.get());
    while (use.step() == SQLITE_ROW) names.push_back(use.text(0).value_or(""));
  }
  for (auto& name : names) {
    auto columns = index_columns(name);
    if (!columns) return tl::unexpected(columns.error());
    if (!columns->empty()) table.unique.push_back({std::move(name), *std::move(columns)});
  }
  return {};
}

/// Empty where one is an expression.
Result<std::vector<std::string>> SqliteDatabase::index_columns(const std::string& index) {
  auto statement = connection_->prepared("SELECT name FROM pragma_index_info(?1) ORDER BY seqno");
  if (!statement) return tl::unexpected(statement.error());
  Use use(*statement);
  use.bind(1, index);
  std::vector<std::string> columns;
  while (use.step() == SQLITE_ROW) {
    auto name = use.text(0);
    if (!name) return std::vector<std::string>{};
    columns.push_back(*name);
  }
  return columns;
}

Result<void> SqliteDatabase::apply(std::span<const std::string> statements) {
  OnLeave on_leave{*this};
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(transaction.error());
  for (const auto& sql : statements)
    if (auto done = connection_->execute(sql); !done) return done;
  return transaction->commit();
}

Result<std::vector<OffsetRow>> SqliteDatabase::read_offsets(const Owner& owner, std::span<const TopicName> topics) {
  OnLeave on_leave{*this};
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  if (auto made = connection_->execute(create_offsets); !made) return tl::unexpected(made.error());
  auto statement = connection_->prepared(
      "SELECT topic, topic_id, kafka_partition, next_offset FROM loom_offsets WHERE consumer_group = ?1 AND cluster_id "
      "= ?2");
  if (!statement) return tl::unexpected(statement.error());
  Use use(*statement);
  use.bind(1, owner.group.get());
  use.bind(2, owner.cluster_id);
  std::vector<OffsetRow> rows;
  int code = 0;
  while ((code = use.step()) == SQLITE_ROW) {
    TopicName topic{use.text(0).value_or("")};
    if (std::find(topics.begin(), topics.end(), topic) == topics.end()) continue;
    model::TopicPartition partition{topic, Partition{static_cast<std::int32_t>(use.number(2))}};
    rows.push_back({{partition, use.text(1).value_or("")}, Offset{use.number(3)}});
  }
  if (code != SQLITE_DONE) return tl::unexpected(error_of(connection_->get(), code));
  return rows;
}

void bind_key(Use& use, const Owner& owner, const OffsetKey& key) {
  use.bind(1, owner.group.get());
  use.bind(2, owner.cluster_id);
  use.bind(3, key.partition.topic.get());
  use.bind(4, key.topic_id);
  use.bind(5, std::int64_t{key.partition.partition.get()});
}

/// False: the row does not say what it should.
Result<bool> SqliteDatabase::move_offset(const Owner& owner, const OffsetMove& move) {
  auto now = to_rfc3339(now_micros());
  auto statement =
      connection_->prepared(move.from ? std::string("UPDATE loom_offsets SET next_offset = ?6, updated_at = ?7") +
                                            offset_condition + " AND next_offset = ?8"
                                      : "INSERT INTO loom_offsets (consumer_group, cluster_id, topic, topic_id, "
                                        "kafka_partition, next_offset, updated_at) "
                                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING");
  if (!statement) return tl::unexpected(statement.error());
  Use use(*statement);
  bind_key(use, owner, move.key);
  use.bind(6, move.to.get());
  use.bind(7, now);
  if (move.from) use.bind(8, move.from->get());
  int code = use.step();
  if (code != SQLITE_DONE) return tl::unexpected(error_of(connection_->get(), code));
  return connection_->changes() == 1;
}

Result<std::optional<Offset>> SqliteDatabase::offset_of(const Owner& owner, const OffsetKey& key) {
  auto statement = connection_->prepared(std::string("SELECT next_offset FROM loom_offsets") + offset_condition);
  if (!statement) return tl::unexpected(statement.error());
  Use use(*statement);
  bind_key(use, owner, key);
  int code = use.step();
  if (code == SQLITE_ROW) return std::optional<Offset>{Offset{use.number(0)}};
  if (code != SQLITE_DONE) return tl::unexpected(error_of(connection_->get(), code));
  return std::optional<Offset>{};
}

Result<Moved> SqliteDatabase::move_offsets(const Batch& batch) {
  Moved moved;
  for (std::size_t i = 0; i < batch.offsets.size(); ++i) {
    auto done = move_offset(batch.owner, batch.offsets[i]);
    if (!done) return tl::unexpected(done.error());
    if (*done) continue;
    auto current = offset_of(batch.owner, batch.offsets[i].key);
    if (!current) return tl::unexpected(current.error());
    moved.current[i] = *current;
  }
  return moved;
}

Result<WriteOutcome> SqliteDatabase::write(const Batch& batch, const BeforeCommit& before_commit) {
  OnLeave on_leave{*this};
  auto outcome = write_once(batch, before_commit);
  if (!outcome && outcome.error().code.starts_with("sqlite:"))
    connection_.reset();  // the file may be another one by now
  return outcome;
}

Result<WriteOutcome> SqliteDatabase::write_once(const Batch& batch, const BeforeCommit& before_commit) {
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  auto transaction = Transaction::begin(*connection_);
  if (!transaction) return tl::unexpected(transaction.error());
  auto moved = move_offsets(batch);
  if (!moved) return tl::unexpected(moved.error());
  if (!moved->current.empty()) return *std::move(moved);
  Written written;
  std::vector<BadRow> bad;
  for (std::size_t g = 0; g < batch.groups.size(); ++g) {
    RowWriter writer(*connection_, *batch.groups[g].binding);
    auto& outcomes = written.groups.emplace_back();
    for (std::size_t r = 0; r < batch.groups[g].rows.size(); ++r) {
      auto fate = writer.write(batch.groups[g].rows[r]);
      if (!fate && fate.error().kind == ErrorKind::schema) return SchemaTrouble{g, std::move(fate.error())};
      if (!fate) return tl::unexpected(std::move(fate.error()));
      outcomes.push_back(fate->outcome);
      if (fate->bad) bad.push_back({g, r, *std::move(fate->bad)});
    }
  }
  if (auto ready = before_commit(bad); !ready) return tl::unexpected(ready.error());
  if (auto committed = transaction->commit(); !committed) return tl::unexpected(committed.error());
  return written;
}

Result<TextTable> SqliteDatabase::query(std::string_view sql) {
  OnLeave on_leave{*this};
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(connection_->get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owned(statement, sqlite3_finalize);
  if (code != SQLITE_OK) return tl::unexpected(error_of(connection_->get(), code));
  if (!statement || !sqlite3_stmt_readonly(statement))
    return fail(ErrorKind::usage, "the query is not read-only", {.remedy = "write a SELECT"});
  TextTable table;
  for (int i = 0; i < sqlite3_column_count(statement); ++i)
    table.columns.emplace_back(sqlite3_column_name(statement, i));
  Use use(statement);
  while ((code = use.step()) == SQLITE_ROW) {
    auto& row = table.rows.emplace_back();
    for (std::size_t i = 0; i < table.columns.size(); ++i) row.push_back(use.text(static_cast<int>(i)));
  }
  if (code != SQLITE_DONE) return tl::unexpected(error_of(connection_->get(), code));
  return table;
}

}  // namespace

std::unique_ptr<Database> open(std::string path) { return std::make_unique<SqliteDatabase>(std::move(path)); }

}  // namespace loom::sink::sqlite
