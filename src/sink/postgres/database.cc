#include "sink/postgres/database.h"

#include "sink/key_order.h"
#include "sink/postgres/careful.h"
#include "sink/postgres/describe.h"
#include "sink/postgres/offsets.h"
#include "sink/sql_text.h"

namespace loom::sink::postgres {
namespace {

/// Few rows of a large table: the index, whatever the planner guesses of a table that nobody has analysed.
constexpr std::string_view by_index =
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// What one way of writing came to: an outcome, or data that wants the careful way.
struct Attempt {
  std::optional<WriteOutcome> outcome;
  bool clash = false;
};

class PostgresDatabase : public Database {
 public:
  PostgresDatabase(std::string url, Log log) : url_(std::move(url)), log_(std::move(log)) {}
  [[nodiscard]] Dialect dialect() const override { return Dialect::postgres; }
  Result<std::optional<LiveTable>> describe(const TableName& table) override;
  Result<void> apply(std::span<const std::string> statements) override;
  Result<std::vector<OffsetRow>> read_offsets(const Owner& owner, std::span<const TopicName> topics) override;
  Result<WriteOutcome> write(const Batch& batch, const BeforeCommit& before_commit) override;
  Result<TextTable> query(std::string_view sql) override;

 private:
  static constexpr int careful_batches = 20;  // clashes seldom come alone

  Result<Connection*> connect();
  Result<WriteOutcome> write_either_way(const Batch& batch, const BeforeCommit& before_commit);
  void end_who_holds_the_locks();
  Result<Attempt> write_fast(const Batch& batch, const BeforeCommit& before_commit);
  Result<WriteOutcome> write_carefully(const Batch& batch, const BeforeCommit& before_commit);
  /// True: the offsets are moved. False: `moved` says where they are.
  Result<bool> begin(const Batch& batch, Moved& moved);
  Result<void> commit(const Batch& batch);
  Result<void> settle_lost_commit(const Batch& batch, const Error& lost);
  Result<void> finish(const Batch& batch, const BeforeCommit& before_commit, std::span<const BadRow> bad);
  void roll_back();

  std::string url_;
  Log log_;
  std::unique_ptr<Connection> connection_;
  int careful_left_ = 0;
};

Result<Connection*> PostgresDatabase::connect() {
  if (connection_ && connection_->lost()) connection_.reset();
  if (!connection_) {
    auto opened = Connection::open(url_);
    if (!opened) return tl::unexpected(opened.error());
    connection_ = *std::move(opened);
  }
  roll_back();
  return connection_.get();
}

void PostgresDatabase::roll_back() {
  if (connection_ && !connection_->lost() && connection_->in_transaction()) (void)connection_->run("ROLLBACK");
}

Result<std::optional<LiveTable>> PostgresDatabase::describe(const TableName& table) {
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  return postgres::describe(*connection_, table);
}

Result<void> PostgresDatabase::apply(std::span<const std::string> statements) {
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  std::vector<std::string> all{begin_change_sql};
  all.insert(all.end(), statements.begin(), statements.end());
  all.emplace_back("COMMIT");
  for (const auto& sql : all) {
    auto done = connection_->run(sql);
    if (done) continue;
    roll_back();
    return tl::unexpected(done.error());
  }
  return {};
}

Result<std::vector<OffsetRow>> PostgresDatabase::read_offsets(const Owner& owner, std::span<const TopicName> topics) {
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  return postgres::read_offsets(*connection_, owner, topics);
}

Result<WriteOutcome> PostgresDatabase::write(const Batch& batch, const BeforeCommit& before_commit) {
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  auto outcome = write_either_way(batch, before_commit);
  roll_back();
  if (!outcome && outcome.error().code == "55P03") end_who_holds_the_locks();
  return outcome;
}

void PostgresDatabase::end_who_holds_the_locks() {
  auto ended = end_stopped_writers(*connection_);
  if (ended && *ended > 0)
    log_.warn("ended sessions that held locks in a COPY and waited for their clients",
              {{"sessions", *ended}});
}

Result<WriteOutcome> PostgresDatabase::write_either_way(const Batch& batch, const BeforeCommit& before_commit) {
  if (careful_left_ == 0) {
    auto attempt = write_fast(batch, before_commit);
    roll_back();
    if (!attempt) return tl::unexpected(attempt.error());
    if (attempt->outcome) return *std::move(attempt->outcome);
    if (attempt->clash) careful_left_ = careful_batches;
  } else {
    --careful_left_;
  }
  return write_carefully(batch, before_commit);
}

Result<bool> PostgresDatabase::begin(const Batch& batch, Moved& moved) {
  auto begun = begin_and_move(*connection_, batch);
  if (!begun) return tl::unexpected(begun.error());
  if (begun->current.empty()) return true;
  roll_back();
  for (auto& [index, current] : begun->current) {
    auto now = offset_of(*connection_, batch.owner, batch.offsets[index].key, Lock::no);
    if (!now) return tl::unexpected(now.error());
    current = *now;
  }
  moved = *std::move(begun);
  return false;
}

Result<Attempt> PostgresDatabase::write_fast(const Batch& batch, const BeforeCommit& before_commit) {
  std::vector<std::vector<const Row*>> ordered;
  for (const auto& group : batch.groups) {
    if (group.binding->on_conflict != model::OnConflict::ignore) return Attempt{};
    auto order = distinct_by_key(*group.binding, group.rows);
    if (!order) return Attempt{};
    auto& rows = ordered.emplace_back();
    for (auto index : *order) rows.push_back(&group.rows[index]);
  }
  Moved moved;
  auto begun = begin(batch, moved);
  if (!begun) return tl::unexpected(begun.error());
  if (!*begun) return Attempt{std::move(moved), false};
  Written written;
  for (std::size_t g = 0; g < batch.groups.size(); ++g) {
    const auto& binding = *batch.groups[g].binding;
    written.groups.emplace_back(ordered[g].size(), RowOutcome::stored);
    if (ordered[g].empty()) continue;
    auto copied = copy_rows(*connection_, {binding, wires_of(binding), quoted_name(binding.table.get())}, ordered[g]);
    if (copied) continue;
    if (copied.error().kind == ErrorKind::invalid_value) return Attempt{std::nullopt, copied.error().code == "23505"};
    if (copied.error().kind == ErrorKind::schema) return Attempt{SchemaTrouble{g, std::move(copied.error())}, false};
    return tl::unexpected(std::move(copied.error()));
  }
  auto finished = finish(batch, before_commit, {});
  if (!finished && finished.error().kind == ErrorKind::invalid_value)
    return Attempt{};  // a constraint that waits for COMMIT
  if (!finished) return tl::unexpected(finished.error());
  return Attempt{std::move(written), false};
}

Result<WriteOutcome> PostgresDatabase::write_carefully(const Batch& batch, const BeforeCommit& before_commit) {
  Moved moved;
  auto begun = begin(batch, moved);
  if (!begun) return tl::unexpected(begun.error());
  if (!*begun) return moved;
  // Constraints that wait for COMMIT would hide which row is to blame.
  auto set = connection_->run(std::string(by_index) + "; SET CONSTRAINTS ALL IMMEDIATE");
  if (!set) return tl::unexpected(set.error());
  Written written;
  std::vector<BadRow> bad;
  for (std::size_t g = 0; g < batch.groups.size(); ++g) {
    auto fates = CarefulWriter(*connection_, batch.groups[g]).write();
    if (!fates && fates.error().kind == ErrorKind::schema) return SchemaTrouble{g, std::move(fates.error())};
    if (!fates) return tl::unexpected(std::move(fates.error()));
    written.groups.push_back(std::move(fates->outcomes));
    for (auto& [row, error] : fates->bad) bad.push_back({g, row, std::move(error)});
  }
  auto finished = finish(batch, before_commit, bad);
  if (!finished) return tl::unexpected(finished.error());
  return written;
}

Result<void> PostgresDatabase::finish(const Batch& batch, const BeforeCommit& before_commit,
                                      std::span<const BadRow> bad) {
  if (auto ready = before_commit(bad); !ready) return ready;
  return commit(batch);
}

Result<void> PostgresDatabase::commit(const Batch& batch) {
  auto done = connection_->run("COMMIT");
  if (done && done->front().tag() == "COMMIT") return {};
  if (done) return fail(ErrorKind::unavailable, "PostgreSQL rolled the transaction back at COMMIT", {.code = "40000"});
  if (connection_->lost()) return settle_lost_commit(batch, done.error());
  return tl::unexpected(done.error());
}

/// Committed or not? The offset rows know, all of them: a successor may have moved one to the same place. FOR UPDATE
/// waits for a server process that is still at it.
Result<void> PostgresDatabase::settle_lost_commit(const Batch& batch, const Error& lost) {
  log_.warn("connection lost during COMMIT: asking the offset row what became of it", {{"code", lost.code}});
  connection_.reset();
  if (batch.offsets.empty()) return tl::unexpected(lost);
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  for (const auto& move : batch.offsets) {
    auto now = offset_of(*connection_, batch.owner, move.key, Lock::wait);
    if (!now) return tl::unexpected(now.error());
    if (*now != move.to) return tl::unexpected(lost);
  }
  return {};
}

Result<TextTable> PostgresDatabase::query(std::string_view sql) {
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  auto begun = connection_->run("BEGIN READ ONLY; SET LOCAL lock_timeout = 0; " + std::string(by_index));
  if (!begun) return tl::unexpected(begun.error());
  auto answer = connection_->ask(std::string(sql));
  roll_back();
  if (!answer) return tl::unexpected(answer.error());
  TextTable table;
  for (int c = 0; c < answer->columns(); ++c) table.columns.emplace_back(PQfname(answer->get(), c));
  for (int r = 0; r < answer->rows(); ++r) {
    auto& row = table.rows.emplace_back();
    for (int c = 0; c < answer->columns(); ++c) row.push_back(answer->text(r, c));
  }
  return table;
}

}  // namespace

std::unique_ptr<Database> open(std::string url, Log log) {
  return std::make_unique<PostgresDatabase>(std::move(url), std::move(log));
}

}  // namespace loom::sink::postgres
