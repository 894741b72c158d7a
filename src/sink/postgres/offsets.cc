#include "sink/postgres/offsets.h"

#include <algorithm>

#include "sink/sql_text.h"

namespace loom::sink::postgres {
namespace {

constexpr const char* create_sql =
    "CREATE TABLE IF NOT EXISTS loom_offsets (consumer_group text NOT NULL, cluster_id text NOT NULL, topic text NOT "
    "NULL, "
    "topic_id text NOT NULL, kafka_partition integer NOT NULL, next_offset bigint NOT NULL, updated_at timestamptz NOT "
    "NULL, "
    "PRIMARY KEY (consumer_group, cluster_id, topic, topic_id, kafka_partition)) WITH (fillfactor = 50)";
constexpr const char* read_sql =
    "SELECT topic, topic_id, kafka_partition, next_offset FROM loom_offsets WHERE consumer_group = $1 AND cluster_id = "
    "$2";

// In a COPY for longer than another one waited for its locks, and waiting for its client just now. One that is merely slow
// writes its batch again.
constexpr const char* end_stopped_sql =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE relation = "
    "to_regclass('loom_offsets') AND mode = 'RowExclusiveLock' AND granted AND datname = current_database() AND usename = "
    "current_user AND state = 'active' AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - "
    "current_setting('lock_timeout')::interval";

// Literals end up in statements without parameters; strings are quoted with E'' off (standard_conforming_strings).
std::string condition(const Owner& owner, const OffsetKey& key) {
  return " WHERE consumer_group = " + quoted_text(owner.group.get()) +
         " AND cluster_id = " + quoted_text(owner.cluster_id) +
         " AND topic = " + quoted_text(key.partition.topic.get()) + " AND topic_id = " + quoted_text(key.topic_id) +
         " AND kafka_partition = " + std::to_string(key.partition.partition.get());
}

std::string move_sql(const Owner& owner, const OffsetMove& move) {
  auto to = std::to_string(move.to.get());
  if (move.from)
    return "UPDATE loom_offsets SET next_offset = " + to + ", updated_at = now()" + condition(owner, move.key) +
           " AND next_offset = " + std::to_string(move.from->get());
  return "INSERT INTO loom_offsets VALUES (" + quoted_text(owner.group.get()) + ", " + quoted_text(owner.cluster_id) +
         ", " + quoted_text(move.key.partition.topic.get()) + ", " + quoted_text(move.key.topic_id) + ", " +
         std::to_string(move.key.partition.partition.get()) + ", " + to + ", now()) ON CONFLICT DO NOTHING";
}

}  // namespace

Result<std::vector<OffsetRow>> read_offsets(Connection& connection, const Owner& owner,
                                            std::span<const TopicName> topics) {
  auto answer = connection.ask(read_sql, {owner.group.get(), owner.cluster_id});
  if (!answer && answer.error().code == "42P01") {  // the first time: several sinks may be here at once
    auto made = connection.run(std::string(begin_change_sql) + "; " + create_sql + "; COMMIT");
    if (!made) return tl::unexpected(made.error());
    answer = connection.ask(read_sql, {owner.group.get(), owner.cluster_id});
  }
  if (!answer) return tl::unexpected(answer.error());
  std::vector<OffsetRow> rows;
  for (int i = 0; i < answer->rows(); ++i) {
    TopicName topic{answer->word(i, 0)};
    if (std::find(topics.begin(), topics.end(), topic) == topics.end()) continue;
    model::TopicPartition partition{topic, Partition{std::stoi(answer->word(i, 2))}};
    rows.push_back({{partition, answer->word(i, 1)}, Offset{std::stoll(answer->word(i, 3))}});
  }
  return rows;
}

Result<Moved> begin_and_move(Connection& connection, const Batch& batch) {
  std::vector<std::size_t> order(batch.offsets.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return batch.offsets[a].key < batch.offsets[b].key; });
  std::string sql = "BEGIN";
  for (auto index : order) sql += "; " + move_sql(batch.owner, batch.offsets[index]);
  auto answers = connection.run(sql);
  if (!answers) return tl::unexpected(answers.error());
  Moved moved;
  for (std::size_t i = 0; i < order.size(); ++i)
    if ((*answers)[i + 1].affected() != "1") moved.current[order[i]] = std::nullopt;
  return moved;
}

Result<int> end_stopped_writers(Connection& connection) {
  auto answer = connection.ask(end_stopped_sql);
  if (!answer) return tl::unexpected(answer.error());
  return answer->rows();
}

Result<std::optional<Offset>> offset_of(Connection& connection, const Owner& owner, const OffsetKey& key, Lock lock) {
  auto answer = connection.ask("SELECT next_offset FROM loom_offsets" + condition(owner, key) +
                               (lock == Lock::wait ? " FOR UPDATE" : ""));
  if (!answer) return tl::unexpected(answer.error());
  if (answer->rows() == 0) return std::optional<Offset>{};
  return std::optional<Offset>{Offset{std::stoll(answer->word(0, 0))}};
}

}  // namespace loom::sink::postgres
