// What only PostgreSQL has: its types, its errors, connections that die at the worst moment.
#include <atomic>
#include <thread>

#include "sink/postgres/connection.h"
#include "sink/postgres/encode.h"
#include "sink/row_finder.h"
#include "sink/sink_fixture.h"

namespace loom::sink {
namespace {

constexpr const char* idle_limit = "&options=-c%20idle_in_transaction_session_timeout%3D";

struct Postgres : testing::Test {
  void SetUp() override {
    if (!databases.available()) GTEST_SKIP() << "no PostgreSQL server on this machine";
    database = databases.open();
    other = databases.open();
  }
  void use(const std::string& ddl, const std::string& yaml) {
    auto done = database->apply(std::vector{ddl});
    ASSERT_TRUE(done) << to_string(done.error());
    mappings = mappings_of(yaml);
    auto applied = apply_tables(*database, mappings);
    ASSERT_TRUE(applied) << to_string(applied.error());
    auto live = database->describe(mappings.topics.begin()->second.table);
    auto made = bind(mappings, mappings.topics.begin()->second, **live, Dialect::postgres);
    ASSERT_TRUE(made) << to_string(made.error());
    binding = *std::move(made);
    ASSERT_TRUE(database->read_offsets(owner, std::vector{TopicName{"t"}}));
  }
  Batch batch_of(const std::vector<Message>& messages, std::vector<OffsetMove> offsets = {}) {
    Batch batch{owner, {{&binding, {}}}, std::move(offsets)};
    for (const auto& message : messages) {
      auto row = row_of(binding, message);
      EXPECT_TRUE(row) << to_string(row.error());
      batch.groups[0].rows.push_back(*std::move(row));
    }
    return batch;
  }
  /// The SQLSTATE of each row, "" where it landed.
  std::vector<std::string> codes(const std::vector<Message>& messages) {
    std::vector<std::string> all(messages.size());
    auto outcome = database->write(batch_of(messages), [&](std::span<const BadRow> bad) -> Result<void> {
      for (const auto& one : bad) all[one.row] = one.error.code;
      return {};
    });
    EXPECT_TRUE(outcome) << to_string(outcome.error());
    auto* trouble = outcome ? std::get_if<SchemaTrouble>(&*outcome) : nullptr;
    EXPECT_EQ(trouble, nullptr) << to_string(trouble->error);
    return all;
  }
  std::vector<RowOutcome> outcomes(const std::vector<Message>& messages) {
    auto outcome = database->write(batch_of(messages), nothing);
    EXPECT_TRUE(outcome) << to_string(outcome.error());
    auto* written = outcome ? std::get_if<Written>(&*outcome) : nullptr;
    return written ? written->groups[0] : std::vector<RowOutcome>{};
  }
  void kill_backend() {
    auto killed = other->query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        "pg_backend_pid()");
    ASSERT_TRUE(killed) << to_string(killed.error());
  }

  Databases databases{"postgres"};
  std::unique_ptr<Database> database, other;
  model::Mappings mappings;
  Binding binding;
};

constexpr const char* shortest = "topics: {t: {table: x}}";

TEST_F(Postgres, EveryTypeThatATableMayHave) {
  use("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN short AS varchar(5);"
      "CREATE TABLE x (i2 int2, i4 int4, f4 float4, n numeric, v varchar(3), ts timestamp, j json, m mood, s short, fa "
      "float4[], va varchar[], c char(3))",
      shortest);
  ASSERT_EQ(
      codes(
          {{.offset = 0,
            .data =
                R"({"i2":-32768,"i4":2147483647,"f4":0.5,"n":-123456.00789,"v":"abc","ts":"2026-11-23T12:00:00+02:00",)"
                R"("j":{"a":1.50},"m":"bad","s":"hello","fa":[0.5],"va":["x",null],"c":"ab"})"},
           {.offset = 1, .data = R"({"n":9223372036854775807,"fa":[]})"},
           {.offset = 2, .data = R"({"n":1e30})"},
           {.offset = 3, .data = R"({"n":0.00000012})"},
           {.offset = 4, .data = R"({"n":0})"},
           {.offset = 5, .data = R"({"n":10000})"}}),
      (std::vector<std::string>(6)));
  EXPECT_EQ(
      lines(*database, "SELECT i2, i4, f4, n, v, ts, j, m, s, fa, va, c FROM x WHERE i2 IS NOT NULL"),
      (std::vector<std::string>{
          "-32768|2147483647|0.5|-123456.00789|abc|2026-11-23 10:00:00|{\"a\":1.50}|bad|hello|{0.5}|{x,NULL}|ab "}));
  EXPECT_EQ(
      lines(*database, "SELECT n FROM x WHERE i2 IS NULL ORDER BY message_id"),
      (std::vector<std::string>{"9223372036854775807", "1000000000000000000000000000000", "0.00000012", "0", "10000"}));
}

TEST_F(Postgres, BadRowsCarryTheirSqlstate) {
  use("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.v = 'no' THEN RAISE 'no'; END IF; "
      "RETURN NEW; END $$;"
      "CREATE TABLE x (id bigserial PRIMARY KEY, i2 int2, v varchar(3), n int4 NOT NULL DEFAULT 0 CHECK (n < 10), j "
      "jsonb, m uuid UNIQUE);"
      "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW EXECUTE FUNCTION no()",
      "topics: {t: {table: x, field_mappings: {data.i2: i2, data.v: v, data.n: n, data.j: j, data.m: m}}}");
  std::vector<Message> messages;
  for (int i = 0; i < 3000; ++i) messages.push_back({.offset = i, .data = R"({"n":1})"});
  messages[1].data = R"({"n":1,"i2":32768})";
  messages[700].data = R"({"n":1,"v":"long"})";
  messages[701].data = R"({"n":11})";
  messages[1500].data = R"({"v":"x"})";
  messages[2000].data = R"({"n":1,"v":"no"})";
  messages[2001].data = R"({"n":1,"m":"0198f0c2-0000-7000-8000-000000000001"})";
  messages[2998].data = R"({"n":1,"m":"0198f0c2-0000-7000-8000-000000000001"})";
  std::vector<std::string> expected(3000);
  expected[1] = "22003", expected[700] = "22001", expected[701] = "23514", expected[1500] = "23502",
  expected[2000] = "P0001", expected[2998] = "23505";
  EXPECT_EQ(codes(messages), expected);
  EXPECT_EQ(lines(*database, "SELECT count(*) FROM x"), (std::vector<std::string>{"2994"}));
}

TEST_F(Postgres, ADeferredConstraintFindsItsRowToo) {
  use("CREATE TABLE parent (id int8 PRIMARY KEY); INSERT INTO parent VALUES (1);"
      "CREATE TABLE x (p int8 REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
      "topics: {t: {table: x, field_mappings: {data.p: p}}}");
  EXPECT_EQ(codes({{.offset = 0, .data = R"({"p":1})"}, {.offset = 1, .data = R"({"p":2})"}, {.offset = 2}}),
            (std::vector<std::string>{"", "23503", ""}));
}

/// The key is looked up before the row is put.
TEST_F(Postgres, AKeyThatItsColumnCanNotTakeIsBadItself) {
  use("CREATE TABLE x (message_id uuid, part text, k int4 PRIMARY KEY)",
      "topics: {t: {table: x, field_mappings: {data.k: k}, upsert_key: k}}");
  EXPECT_EQ(codes({{.offset = 0, .data = R"({"k":1})"},
                   {.offset = 1, .data = R"({"k":3000000000})"},
                   {.offset = 2, .data = R"({"k":2})"}}),
            (std::vector<std::string>{"", "22003", ""}));
  EXPECT_EQ(lines(*database, "SELECT k FROM x ORDER BY k"), (std::vector<std::string>{"1", "2"}));
}

TEST_F(Postgres, AKeyThatItsColumnCanNotTakeHasNoRow) {
  use("CREATE TABLE x (message_id uuid, part text, k int4 PRIMARY KEY)",
      "topics: {t: {table: x, field_mappings: {data.k: k}, upsert_key: k}}");
  std::vector<Message> messages{{.offset = 0, .data = R"({"k":1})"},
                                {.offset = 1, .data = R"({"k":3000000000})"},
                                {.offset = 2, .data = R"({"k":2})"}};
  codes(messages);
  RowFinder finder(*database, binding);
  std::vector<std::string> conditions;
  for (const auto& message : messages) conditions.push_back(finder.condition_of(*row_of(binding, message)));
  auto found = finder.by_condition(conditions);
  ASSERT_TRUE(found) << to_string(found.error());
  std::vector<std::size_t> rows;
  for (const auto& one : *found) rows.push_back(one.size());
  EXPECT_EQ(rows, (std::vector<std::size_t>{1, 0, 1}));
}

TEST_F(Postgres, AnUnknownWordInAKeyIsBadItself) {
  use("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE x (message_id uuid, part text, n int4, m mood PRIMARY "
      "KEY)",
      "topics: {t: {table: x, field_mappings: {data.m: m, data.n: n}, upsert_key: m, conflict_strategy: update}}");
  EXPECT_EQ(codes({{.offset = 0, .data = R"({"m":"good"})"},
                   {.offset = 1, .data = R"({"m":"odd","n":1})"},
                   {.offset = 2, .data = R"({"m":"odd","n":2})"},
                   {.offset = 3, .data = R"({"m":"bad"})"}}),
            (std::vector<std::string>{"", "22P02", "22P02", ""}));
  EXPECT_EQ(lines(*database, "SELECT m FROM x ORDER BY m"), (std::vector<std::string>{"good", "bad"}));
}

TEST_F(Postgres, KeysThatOnlyTheDatabaseFindsEqual) {
  use("CREATE TABLE x (message_id uuid, part text, c char(5) PRIMARY KEY)",
      "topics: {t: {table: x, field_mappings: {data.c: c}, upsert_key: c}}");
  std::vector<Message> messages{{.offset = 0, .data = R"({"c":"a"})"},   {.offset = 1, .data = R"({"c":"a "})"},
                                {.offset = 2, .data = R"({"c":"ab"})"},  {.offset = 3, .data = R"({"c":"ab "})"},
                                {.offset = 4, .data = R"({"c":"abcdefg"})"}};
  using enum RowOutcome;
  EXPECT_EQ(outcomes(messages), (std::vector<RowOutcome>{stored, merged, stored, merged, dead}));
  EXPECT_EQ(outcomes(messages), (std::vector<RowOutcome>{repeated, merged, repeated, merged, dead}));
  RowFinder finder(*database, binding);  // `loom verify` asks by the same key
  auto rows = finder.by_condition(std::vector{finder.condition_of(*row_of(binding, messages[3]))});
  ASSERT_TRUE(rows) << to_string(rows.error());
  ASSERT_EQ(rows->at(0).size(), 1u);
  EXPECT_EQ(rows->at(0)[0].message_id, id_of(2));
}

TEST_F(Postgres, AKeyOfCharactersIsUpdated) {
  use("CREATE TABLE x (message_id uuid, part text, n int4, c char(3) PRIMARY KEY)",
      "topics: {t: {table: x, field_mappings: {data.c: c, data.n: n}, upsert_key: c, conflict_strategy: update}}");
  using enum RowOutcome;
  EXPECT_EQ(outcomes({{.offset = 0, .data = R"({"c":"ab","n":1})"}, {.offset = 1, .data = R"({"c":"ac","n":2})"}}),
            (std::vector<RowOutcome>{stored, stored}));
  EXPECT_EQ(outcomes({{.offset = 2, .data = R"({"c":"ab ","n":3})"}, {.offset = 3, .data = R"({"c":"ad","n":4})"}}),
            (std::vector<RowOutcome>{merged, stored}));
  EXPECT_EQ(lines(*database, "SELECT c, n FROM x ORDER BY c"), (std::vector<std::string>{"ab |3", "ac |2", "ad |4"}));
}

/// "x" comes before "X", and sorts behind it.
TEST_F(Postgres, KeysThatOnlyTheDatabaseFindsEqualAreAppliedAsTheyCame) {
  const std::string table =
      "CREATE TABLE x (message_id uuid, part text, n int4, m int4, k text COLLATE any_case PRIMARY KEY)";
  ASSERT_TRUE(database->apply(std::vector<std::string>{
      "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"}));
  auto messages_from = [](int offset) {
    return std::vector<Message>{{.offset = offset, .data = R"({"k":"x","n":1})"},
                                {.offset = offset + 1, .data = R"({"k":"X","n":2,"m":7})"},
                                {.offset = offset + 2, .data = R"({"k":"x","n":3})"},
                                {.offset = offset + 3, .data = R"({"k":"y","n":4})"}};
  };
  using enum RowOutcome;
  for (const auto& [strategy, line] : {std::pair{"update", "x|3|7"}, {"replace", "x|3|-"}, {"ignore", "x|1|-"}}) {
    SCOPED_TRACE(strategy);
    ASSERT_TRUE(database->apply(std::vector<std::string>{"DROP TABLE IF EXISTS x"}));
    use(table, std::string("topics: {t: {table: x, field_mappings: {data.k: k, data.n: n, data.m: m}, upsert_key: k, ") +
                   "conflict_strategy: " + strategy + "}}");
    EXPECT_EQ(outcomes(messages_from(0)), (std::vector<RowOutcome>{stored, merged, merged, stored}));
    EXPECT_EQ(outcomes(messages_from(4)), (std::vector<RowOutcome>{merged, merged, merged, merged}));
    EXPECT_EQ(lines(*database, "SELECT k, n, m FROM x ORDER BY n = 4"), (std::vector<std::string>{line, "y|4|-"}));
  }
}

/// numeric(5,2) and timestamp(3) round what is stored.
TEST_F(Postgres, AKeyThatIsStoredRoundedIsFoundAgain) {
  use("CREATE TABLE x (message_id uuid, part text, n numeric(5,2), ts timestamp(3), PRIMARY KEY (n, ts))",
      "topics: {t: {table: x, field_mappings: {data.n: n, data.ts: ts}, upsert_key: [n, ts]}}");
  std::vector<Message> messages{{.offset = 0, .data = R"({"n":1.239,"ts":"2026-11-23T12:00:00.123456Z"})"}};
  EXPECT_EQ(outcomes(messages), std::vector{RowOutcome::stored});
  EXPECT_EQ(outcomes(messages), std::vector{RowOutcome::repeated});
}

TEST_F(Postgres, ABackendThatDiesBetweenRowsAndCommitLeavesNothing) {
  use("CREATE TABLE x (a int)", shortest);
  auto batch = batch_of({{.offset = 0, .data = R"({"a":1})"}}, {move_of({}, 1)});
  auto outcome = database->write(batch, [&](auto) -> Result<void> {
    kill_backend();
    return {};
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(lines(*other, "SELECT (SELECT count(*) FROM x), (SELECT count(*) FROM loom_offsets)"),
            (std::vector<std::string>{"0|0"}));
  auto again = database->write(batch, nothing);
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_TRUE(std::holds_alternative<Written>(*again));
}

// A synchronous standby that never answers keeps COMMIT waiting; a backend that is ended there has committed already.
TEST_F(Postgres, ACommitWhoseAnswerIsLostIsFoundInTheOffsetRow) {
  use("CREATE TABLE x (a int)", shortest);
  const auto& server = Databases::server();
  ASSERT_TRUE(server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'") &&
              server.sql("SELECT pg_reload_conf()"));
  std::atomic<int> finished{0};
  std::vector<bool> written;
  std::thread writer([&] {
    for (std::int64_t i = 0; i < 1000 && finished == 0; ++i) {  // the new setting takes hold some time after the reload
      auto outcome = database->write(
          batch_of({{.offset = i}}, {move_of(i == 0 ? std::nullopt : std::optional(i), i + 1)}), nothing);
      written.push_back(outcome && std::holds_alternative<Written>(*outcome));
    }
    finished = 2;
  });
  const std::string waiting =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()";
  while (finished == 0 && lines(*other, waiting) != std::vector<std::string>{"1"}) std::this_thread::yield();
  EXPECT_EQ(finished, 0) << "no COMMIT ever waited";
  finished = 1;  // the write that waits is the last one
  auto name = lines(*other, "SELECT current_database()").at(0);
  EXPECT_TRUE(server.sql("SET synchronous_commit = local; ALTER DATABASE " + name + " SET synchronous_commit = local"));
  kill_backend();
  writer.join();
  EXPECT_TRUE(server.sql("ALTER SYSTEM RESET synchronous_standby_names") && server.sql("SELECT pg_reload_conf()"));
  EXPECT_EQ(written, std::vector<bool>(written.size(), true));
  EXPECT_EQ(lines(*other, "SELECT (SELECT count(*) FROM x) = next_offset FROM loom_offsets"),
            (std::vector<std::string>{"t"}));
}

/// Its successor has written one of its two partitions, to the same offset.
TEST_F(Postgres, ALostCommitIsLookedForInEveryOffsetRow) {
  use("CREATE TABLE x (a int)", shortest);
  auto both = batch_of({{.offset = 0}, {.partition = 1, .offset = 0}}, {move_of({}, 1), move_of({}, 1, 1)});
  auto outcome = database->write(both, [&](auto) -> Result<void> {
    kill_backend();
    EXPECT_TRUE(other->write(batch_of({{.offset = 0}}, {move_of({}, 1)}), nothing));
    return {};
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(lines(*other, "SELECT (SELECT count(*) FROM x), (SELECT count(*) FROM loom_offsets)"),
            (std::vector<std::string>{"1|1"}));
}

TEST_F(Postgres, AWriterThatStopsWithinItsTransactionHoldsNobodyForEver) {
  use("CREATE TABLE x (a int CHECK (a < 10))", shortest);
  ASSERT_TRUE(database->write(batch_of({{.offset = 0}}, {move_of({}, 1)}), nothing));
  auto hasty = *open_database(databases.url() + idle_limit + "1s", "", Log::silent());
  auto batch = batch_of({{.offset = 1}, {.offset = 2, .data = R"({"a":11})"}}, {move_of(1, 3)});
  std::atomic<bool> is_within{false}, may_go_on{false};
  Result<WriteOutcome> late = Moved{};
  std::thread stopped([&] {
    late = hasty->write(batch, [&](auto) -> Result<void> {
      is_within = true, is_within.notify_one();
      may_go_on.wait(false);
      return {};
    });
    is_within = true, is_within.notify_one();
  });
  is_within.wait(false);
  auto outcome = database->write(batch_of({{.offset = 1}}, {move_of(1, 2)}), nothing);  // waits for the row's lock
  may_go_on = true, may_go_on.notify_one();
  stopped.join();
  ASSERT_TRUE(outcome) << to_string(outcome.error());
  EXPECT_TRUE(std::holds_alternative<Written>(*outcome));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::unavailable) << to_string(late.error());
  auto again = hasty->write(batch, nothing);
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(std::get<Moved>(*again).current.at(0), Offset{2});
}

/// The server waits for the rest of its COPY, which no time limit of its own ends.
TEST_F(Postgres, AWriterThatStopsInTheMiddleOfACopyHoldsNobodyForEver) {
  use("CREATE TABLE x (a int)", shortest);
  ASSERT_TRUE(database->write(batch_of({{.offset = 0}}, {move_of({}, 1)}), nothing));
  auto stopped = *postgres::Connection::open(databases.url());
  ASSERT_TRUE(stopped->run("BEGIN; UPDATE loom_offsets SET next_offset = 3"));
  ASSERT_TRUE(stopped->begin_copy("COPY x (a) FROM STDIN"));
  auto hasty = *open_database(databases.url() + "&options=-c%20lock_timeout%3D300ms", "", Log::silent());
  auto batch = batch_of({{.offset = 1}}, {move_of(1, 2)});
  auto first = hasty->write(batch, nothing);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, ErrorKind::unavailable) << to_string(first.error());
  auto second = hasty->write(batch, nothing);
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_TRUE(std::holds_alternative<Written>(*second));
  EXPECT_FALSE(stopped->send_copy("1\n") && stopped->end_copy());
}

TEST_F(Postgres, TheServerLimitsItsSessionsUnlessTheUrlSaysOtherwise) {
  const std::string ours =
      "SELECT name FROM pg_settings WHERE source = 'session' AND (name ~ '^tcp_' OR name ~ '^idle_in_tr' OR name ~ "
      "'^lock_t') ORDER BY 1";
  const std::string limit = "SELECT current_setting('idle_in_transaction_session_timeout')";
  using Words = std::vector<std::string>;
  EXPECT_EQ(lines(*database, limit), Words{"20s"});
  EXPECT_EQ(lines(*database, ours), (Words{"idle_in_transaction_session_timeout", "lock_timeout", "tcp_keepalives_count",
                                           "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout"}));
  auto theirs = *open_database(databases.url() + idle_limit + "5min", "", Log::silent());
  EXPECT_EQ(lines(*theirs, limit), Words{"5min"});
  auto name = lines(*database, "SELECT current_database()").at(0);
  auto set = "ALTER DATABASE " + name + " SET idle_in_transaction_session_timeout = 0";
  ASSERT_TRUE(database->apply(std::vector{set}));
  EXPECT_EQ(lines(*databases.open(), limit), Words{"0"});
}

TEST_F(Postgres, AZombieThatWakesUpAfterItsSuccessorChangesNothing) {
  use("CREATE TABLE x (a int)", shortest);
  ASSERT_TRUE(database->write(batch_of({{.offset = 0}}, {move_of({}, 1)}), nothing));
  auto successor = batch_of({{.offset = 1}}, {move_of(1, 2)});
  auto zombie = batch_of({{.offset = 1}, {.offset = 2}}, {move_of(1, 3)});
  std::thread late;
  Result<WriteOutcome> zombies = Moved{};
  auto outcome = database->write(successor, [&](auto) -> Result<void> {  // the zombie waits for the offset row's lock
    late = std::thread([&] { zombies = other->write(zombie, nothing); });
    return {};
  });
  late.join();
  ASSERT_TRUE(outcome && zombies);
  EXPECT_TRUE(std::holds_alternative<Written>(*outcome));
  ASSERT_TRUE(std::holds_alternative<Moved>(*zombies));
  EXPECT_EQ(std::get<Moved>(*zombies).current.at(0), Offset{2});
  EXPECT_EQ(lines(*database, "SELECT count(*) FROM x"), (std::vector<std::string>{"2"}));
}

TEST_F(Postgres, ATypeWithoutAnEncoderIsAFaultInThePlan) {
  ASSERT_TRUE(database->apply(std::vector<std::string>{
      "CREATE TABLE x (message_id uuid, part text, address inet, UNIQUE (message_id, part))"}));
  mappings = mappings_of("topics: {t: {table: x, field_mappings: {data.a: address}}}");
  auto plan = plan_tables(*database, mappings);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->size(), 1u);
  EXPECT_TRUE(plan->front().is_fault);
  EXPECT_EQ(apply_tables(*database, mappings).error().kind, ErrorKind::schema);
}

/// Without statistics the planner takes 500 ids for most of the table.
TEST_F(Postgres, RowsOfATableThatNobodyAnalysedAreFoundByTheirIndex) {
  ASSERT_TRUE(database->apply(std::vector<std::string>{
      "CREATE TABLE fresh (id integer, part text, PRIMARY KEY (id, part)) WITH (autovacuum_enabled = off)",
      "INSERT INTO fresh SELECT n, repeat('x', 100) FROM generate_series(1, 20000) n"}));
  std::string ids = "1";
  for (int id = 2; id <= 500; ++id) ids += "," + std::to_string(id * 40);
  std::string plan;
  for (const auto& line : lines(*database, "EXPLAIN SELECT * FROM fresh WHERE id IN (" + ids + ")")) plan += line + "\n";
  EXPECT_NE(plan.find("fresh_pkey"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << plan;
}

TEST_F(Postgres, AServerThatIsAwayIsUnavailable) {
  auto away = open_database("postgres://nobody@127.0.0.1:1/none?connect_timeout=2", "", Log::silent());
  ASSERT_TRUE(away);
  EXPECT_EQ((*away)->query("SELECT 1").error().kind, ErrorKind::unavailable);
}

TEST(ArrayLiteral, QuotesWhatNeedsIt) {
  Cell a = Text{"x\"y\\z"}, b = std::int64_t{3}, c = Timestamp{0};
  EXPECT_EQ(postgres::array_literal({&a, &b, &c}), R"({"x\"y\\z","3","1970-01-01T00:00:00.000000Z"})");
}

}  // namespace
}  // namespace loom::sink
