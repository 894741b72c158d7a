// What both databases promise (database.h), each test on each of them.
#include "sink/sink_fixture.h"

namespace loom::sink {
namespace {

constexpr const char* gps = R"(
topics:
  t:
    table: "gps"
    field_mappings: {data.lat: lat, data.note: note, data.n: n}
    data_types: {lat: float, note: string, n: integer}
)";

class DatabaseContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!databases_.available()) GTEST_SKIP() << "no PostgreSQL server on this machine";
    database_ = databases_.open();
  }

  void use(const std::string& yaml, const std::string& ddl = "") {
    mappings_ = mappings_of(yaml);
    if (!ddl.empty()) execute(ddl);
    auto applied = apply_tables(*database_, mappings_);
    ASSERT_TRUE(applied) << to_string(applied.error());
    bind_all();
  }
  void bind_all() {
    bindings_.clear();
    for (const auto& [topic, mapping] : mappings_.topics) {
      auto live = database_->describe(mapping.table);
      ASSERT_TRUE(live && *live);
      auto binding = bind(mappings_, mapping, **live, database_->dialect());
      ASSERT_TRUE(binding) << to_string(binding.error());
      bindings_[topic.get()] = *std::move(binding);
    }
    ASSERT_TRUE(database_->read_offsets(owner, std::vector{TopicName{"t"}}));
  }
  void execute(const std::string& sql) {
    auto done = database_->apply(std::vector{sql});
    ASSERT_TRUE(done) << to_string(done.error());
  }

  Batch batch_of(const std::vector<Message>& messages, std::vector<OffsetMove> offsets) {
    Batch batch{owner, {}, std::move(offsets)};
    for (const auto& message : messages) {
      const auto* binding = &bindings_.at(message.topic);
      if (batch.groups.empty() || batch.groups.back().binding != binding) batch.groups.push_back({binding, {}});
      auto row = row_of(*binding, message);
      EXPECT_TRUE(row) << to_string(row.error());
      if (row) batch.groups.back().rows.push_back(*std::move(row));
    }
    return batch;
  }

  /// Outcomes of the first group as letters: s(tored) r(epeated) m(erged) d(ead).
  std::string write(const std::vector<Message>& messages, std::vector<OffsetMove> offsets = {}) {
    auto batch = batch_of(messages, std::move(offsets));
    bad_.clear();
    auto outcome = database_->write(batch, [&](std::span<const BadRow> bad) -> Result<void> {
      bad_.assign(bad.begin(), bad.end());
      return {};
    });
    if (!outcome) return to_string(outcome.error());
    if (std::holds_alternative<Moved>(*outcome)) return "moved";
    if (auto* trouble = std::get_if<SchemaTrouble>(&*outcome)) return "schema: " + to_string(trouble->error);
    std::string letters;
    for (const auto& group : std::get<Written>(*outcome).groups)
      for (auto fate : group) letters += "srmd"[static_cast<int>(fate)];
    return letters;
  }

  Databases databases_{GetParam()};
  std::unique_ptr<Database> database_;
  model::Mappings mappings_;
  std::map<std::string, Binding> bindings_;
  std::vector<BadRow> bad_;
};

TEST_P(DatabaseContract, StoresRowsAndTheNextOffsetTogether) {
  use(gps);
  EXPECT_EQ(write({{.offset = 5, .data = R"({"lat":1.5,"note":"it's","n":7})"}, {.offset = 6, .data = R"({"lat":-2})"}},
                  {move_of({}, 7)}),
            "ss");
  EXPECT_EQ(lines(*database_, "SELECT lat, note, n, device_id, part, kafka_offset FROM gps ORDER BY kafka_offset"),
            (std::vector<std::string>{"1.5|it's|7|phone-1||5", database_->dialect() == Dialect::sqlite
                                                                   ? "-2.0|-|-|phone-1||6"
                                                                   : "-2|-|-|phone-1||6"}));
  auto offsets = database_->read_offsets(owner, std::vector{TopicName{"t"}});
  ASSERT_TRUE(offsets);
  ASSERT_EQ(offsets->size(), 1u);
  EXPECT_EQ(offsets->front().next, Offset{7});
  EXPECT_EQ(offsets->front().key.topic_id, "id-1");
  EXPECT_TRUE(database_->read_offsets({ConsumerGroup{"other"}, "cluster"}, std::vector{TopicName{"t"}})->empty());
}

TEST_P(DatabaseContract, EveryTypeComesBackAsItWent) {
  use(R"(
topics:
  t:
    table: "all types"
    field_mappings: {data.s: s, data.i: i, data.f: f, data.b: b, data.t: t, data.a: a, data.fa: fa, data.j: j, data.y: y, data.u: u}
    data_types: {s: string, i: integer, f: float, b: boolean, t: timestamp, a: array, fa: float_array, j: json, y: bytes, u: uuid}
)");
  auto data =
      R"({"s":"ü\"x","i":-9223372036854775808,"f":0.1,"b":true,"t":"2026-11-23T12:00:00.123456Z","a":["x,y",null,"q\"z"],)"
      R"("fa":[1.5,-2],"j":{"k":[1,2]},"y":"AAECAw==","u":"0198F0C2-0000-7000-8000-000000000001"})";
  ASSERT_EQ(write({{.data = data}}), "s");
  bool lite = database_->dialect() == Dialect::sqlite;
  auto t = lite ? "t" : "to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
  auto row = lines(*database_, std::string("SELECT s, i, f, CASE WHEN b THEN 'yes' ELSE 'no' END, ") + t + ", u, " +
                                   (lite ? "hex(y)" : "upper(encode(y, 'hex'))") + ", a, fa FROM \"all types\"");
  EXPECT_EQ(row, (std::vector<std::string>{
                     std::string("ü\"x|-9223372036854775808|0.1|yes|2026-11-23T12:00:00.123456Z|") + id_of(1) +
                     "|00010203|" + (lite ? R"(["x,y",null,"q\"z"]|[1.5,-2])" : R"({"x,y",NULL,"q\"z"}|{1.5,-2})")}));
  EXPECT_EQ(
      lines(*database_, lite ? "SELECT j ->> '$.k[1]' FROM \"all types\"" : "SELECT j #>> '{k,1}' FROM \"all types\""),
      (std::vector<std::string>{"2"}));
}

TEST_P(DatabaseContract, ARepeatChangesNothing) {
  use(gps);
  EXPECT_EQ(write({{.offset = 0, .id = id_of(1), .data = R"({"n":1})"}}), "s");
  EXPECT_EQ(
      write({{.offset = 1, .id = id_of(1), .data = R"({"n":1})"}, {.offset = 2, .id = id_of(2), .data = R"({"n":2})"}}),
      "rs");
  EXPECT_EQ(lines(*database_, "SELECT n, kafka_offset FROM gps ORDER BY n"), (std::vector<std::string>{"1|0", "2|2"}));
}

TEST_P(DatabaseContract, AKnownIdentityWithOtherDataIsDead) {
  use(gps);
  EXPECT_EQ(write({{.id = id_of(1), .data = R"({"n":1})"}}), "s");
  EXPECT_EQ(write({{.id = id_of(1), .data = R"({"n":9})"}, {.id = id_of(2)}}), "ds");
  ASSERT_EQ(bad_.size(), 1u);
  EXPECT_EQ(bad_[0].row, 0u);
  EXPECT_EQ(bad_[0].error.kind, ErrorKind::conflict);
  EXPECT_EQ(bad_[0].error.code, "identity_conflict");
  EXPECT_EQ(lines(*database_, "SELECT n FROM gps WHERE n IS NOT NULL"), (std::vector<std::string>{"1"}));
}

TEST_P(DatabaseContract, EqualKeysOfOneBatchCollapseInOrder) {
  use(gps);
  EXPECT_EQ(write({{.offset = 0, .id = id_of(7), .data = R"({"n":1})"},
                   {.offset = 1, .id = id_of(3), .data = R"({"n":3})"},
                   {.offset = 2, .id = id_of(7), .data = R"({"n":1})"},
                   {.offset = 3, .id = id_of(7), .data = R"({"n":2})"}}),
            "ssrd");
  EXPECT_EQ(lines(*database_, "SELECT n, kafka_offset FROM gps ORDER BY n"), (std::vector<std::string>{"1|0", "3|1"}));
}

constexpr const char* latest = R"(
topics:
  t:
    table: latest
    field_mappings: {device_id: device_id, data.n: n, data.note: note}
    data_types: {n: integer}
    upsert_key: "device_id"
    conflict_strategy: )";

TEST_P(DatabaseContract, AnotherMessageOnACustomKeyIsMerged) {
  use(std::string(latest) + "ignore\n");
  EXPECT_EQ(write({{.id = id_of(1), .data = R"({"n":1})"}, {.id = id_of(2), .data = R"({"n":2})"}}), "sm");
  EXPECT_EQ(write({{.id = id_of(3), .data = R"({"n":3})"},
                   {.id = id_of(1), .data = R"({"n":1})"},
                   {.id = id_of(4), .device = "phone-2"}}),
            "mrs");
  EXPECT_EQ(lines(*database_, "SELECT device_id, n FROM latest ORDER BY 1"),
            (std::vector<std::string>{"phone-1|1", "phone-2|-"}));
}

TEST_P(DatabaseContract, UpdateKeepsWhatTheNewMessageDoesNotSay) {
  use(std::string(latest) + "update\n");
  EXPECT_EQ(write({{.id = id_of(1), .data = R"({"n":1,"note":"a"})"}}), "s");
  EXPECT_EQ(write({{.id = id_of(2), .data = R"({"n":2})"},
                   {.id = id_of(3), .device = "p2", .data = R"({"n":5})"},
                   {.id = id_of(4), .data = R"({"n":3})"}}),
            "msm");
  EXPECT_EQ(lines(*database_, "SELECT device_id, n, note, message_id FROM latest ORDER BY 1"),
            (std::vector<std::string>{"p2|5|-|" + id_of(3), "phone-1|3|a|" + id_of(4)}));
}

TEST_P(DatabaseContract, ReplaceForgetsWhatTheNewMessageDoesNotSay) {
  use(std::string(latest) + "replace\n");
  EXPECT_EQ(
      write({{.id = id_of(1), .data = R"({"n":1,"note":"a"})"}, {.id = id_of(2), .data = R"({"n":2,"note":"b"})"}}),
      "sm");
  EXPECT_EQ(write({{.id = id_of(3), .data = R"({"n":3})"}}), "m");
  EXPECT_EQ(lines(*database_, "SELECT n, note FROM latest"), (std::vector<std::string>{"3|-"}));
}

TEST_P(DatabaseContract, BadRowsAreFoundEachWithItsCauseAndEveryGoodOneLands) {
  use(gps, "CREATE TABLE gps (message_id " + std::string(GetParam() == "sqlite" ? "UUID TEXT" : "uuid") +
               ", part text, kafka_offset bigint, lat double precision CHECK (lat < 90), note text NOT NULL, n bigint "
               "UNIQUE)");
  std::vector<Message> messages;
  std::string expected(10000, 's');
  for (int i = 0; i < 10000; ++i)
    messages.push_back({.offset = i, .data = R"({"lat":1,"note":"x","n":)" + std::to_string(i) + "}"});
  messages[17].data = R"({"lat":91,"note":"x"})", messages[4000].data = R"({"lat":1})",
  messages[9999].data = R"({"lat":1,"note":"x","n":3})";
  expected[17] = expected[4000] = expected[9999] = 'd';
  EXPECT_EQ(write(messages, {move_of({}, 10000)}), expected);
  ASSERT_EQ(bad_.size(), 3u);
  std::map<std::size_t, Error> errors;
  for (const auto& one : bad_) errors[one.row] = one.error;
  EXPECT_NE(errors[17].message.find("lat"), std::string::npos) << errors[17].message + errors[17].code;
  EXPECT_NE(errors[4000].message.find("note"), std::string::npos) << errors[4000].message;
  EXPECT_NE(errors[9999].message.find("n"), std::string::npos) << errors[9999].message;
  for (const auto& [row, error] : errors) {
    EXPECT_EQ(error.kind, ErrorKind::invalid_value);
    EXPECT_FALSE(error.code.empty());
  }
  EXPECT_EQ(lines(*database_, "SELECT count(*) FROM gps"), (std::vector<std::string>{"9997"}));
}

TEST_P(DatabaseContract, AllRowsMayBeBad) {
  use(gps, "CREATE TABLE gps (message_id " + std::string(GetParam() == "sqlite" ? "UUID TEXT" : "uuid") +
               ", part text, lat double precision, note text NOT NULL, n bigint)");
  std::vector<Message> messages;
  for (int i = 0; i < 100; ++i) messages.push_back({.offset = i});
  EXPECT_EQ(write(messages, {move_of({}, 100)}), std::string(100, 'd'));
  EXPECT_EQ(bad_.size(), 100u);
  EXPECT_EQ(database_->read_offsets(owner, std::vector{TopicName{"t"}})->front().next, Offset{100});
}

TEST_P(DatabaseContract, ABadRowDoesNotTakeALaterOneOfItsKeyWithIt) {
  use(std::string(latest) + "ignore\n",
      "CREATE TABLE latest (message_id " + std::string(GetParam() == "sqlite" ? "UUID TEXT" : "uuid") +
          ", part text, device_id text NOT NULL, n bigint CHECK (n < 10), note text)");
  EXPECT_EQ(write({{.id = id_of(1), .data = R"({"n":99})"},
                   {.id = id_of(2), .data = R"({"n":2})"},
                   {.id = id_of(3), .data = R"({"n":3})"}}),
            "dsm");
  EXPECT_EQ(lines(*database_, "SELECT n FROM latest"), (std::vector<std::string>{"2"}));
}

TEST_P(DatabaseContract, ABadUpdateLeavesTheOthersOfItsKey) {
  use(std::string(latest) + "update\n",
      "CREATE TABLE latest (message_id " + std::string(GetParam() == "sqlite" ? "UUID TEXT" : "uuid") +
          ", part text, device_id text NOT NULL, n bigint CHECK (n < 10), note text)");
  EXPECT_EQ(write({{.id = id_of(1), .data = R"({"n":1})"}}), "s");
  EXPECT_EQ(write({{.id = id_of(2), .data = R"({"n":2})"},
                   {.id = id_of(3), .data = R"({"n":99})"},
                   {.id = id_of(4), .data = R"({"note":"x"})"}}),
            "mdm");
  EXPECT_EQ(lines(*database_, "SELECT n, note FROM latest"), (std::vector<std::string>{"2|x"}));
}

TEST_P(DatabaseContract, ACompareAndSetThatFailsChangesNothing) {
  use(gps);
  EXPECT_EQ(write({{.offset = 0}}, {move_of({}, 1, 0), move_of({}, 1, 1)}), "s");
  auto batch = batch_of({{.offset = 1}}, {move_of(0, 2, 0), move_of(1, 2, 1)});  // a zombie: believes that 0 is at 0
  auto outcome = database_->write(batch, nothing);
  ASSERT_TRUE(outcome) << to_string(outcome.error());
  auto* moved = std::get_if<Moved>(&*outcome);
  ASSERT_NE(moved, nullptr);
  ASSERT_EQ(moved->current.size(), 1u);
  EXPECT_EQ(moved->current.begin()->first, 0u);
  EXPECT_EQ(moved->current.begin()->second, Offset{1});
  EXPECT_EQ(lines(*database_, "SELECT count(*) FROM gps"), (std::vector<std::string>{"1"}));
  EXPECT_EQ(lines(*database_, "SELECT next_offset FROM loom_offsets ORDER BY kafka_partition"),
            (std::vector<std::string>{"1", "1"}));
  EXPECT_EQ(write({{.offset = 3}}, {move_of({}, 4, 0)}), "moved") << "a row where none was expected";
  EXPECT_EQ(write({{.offset = 3}}, {move_of(3, 4, 9)}), "moved") << "no row where one was expected";
}

TEST_P(DatabaseContract, DeadLettersThatFailRollEverythingBack) {
  use(gps);
  auto batch = batch_of({{.offset = 0}}, {move_of({}, 1)});
  auto outcome =
      database_->write(batch, [](auto) -> Result<void> { return fail(ErrorKind::unavailable, "no broker"); });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "no broker");
  EXPECT_EQ(lines(*database_, "SELECT count(*) FROM gps"), (std::vector<std::string>{"0"}));
  EXPECT_EQ(write({{.offset = 0}}, {move_of({}, 1)}), "s");
}

TEST_P(DatabaseContract, PlanAndApplyAreIdempotent) {
  use("topics: {t: {table: shortest}, u: {table: shortest}, v: {table: 'we ird.na-me', upsert_key: 'a b', data_types: "
      "{'a b': integer}}}");
  auto again = plan_tables(*database_, mappings_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->empty()) << again->front().text;
  EXPECT_EQ(write({{.topic = "v", .data = R"({"a b":3})"}}), "s");
  EXPECT_EQ(write({{.topic = "t", .id = id_of(1)}, {.topic = "u", .id = id_of(1)}}), "ss")
      << "the source topic is part of the key";
}

TEST_P(DatabaseContract, AnExistingTableGetsWhatItLacksAndKeepsTheRest) {
  use(gps, "CREATE TABLE gps (id " +
               std::string(GetParam() == "sqlite" ? "INTEGER PRIMARY KEY" : "bigserial PRIMARY KEY") +
               ", lat double precision)");
  auto live = database_->describe(TableName{"gps"});
  std::vector<std::string> names;
  for (const auto& column : (*live)->columns) names.push_back(column.name);
  EXPECT_EQ(names, (std::vector<std::string>{"id", "lat", "message_id", "part", "note", "n"}));
  EXPECT_EQ(write({{.offset = 0, .data = R"({"lat":1})"}, {.offset = 0, .data = R"({"lat":1})"}}), "sr");
  EXPECT_EQ(lines(*database_, "SELECT id, lat, part FROM gps").size(), 1u);
}

TEST_P(DatabaseContract, ADroppedColumnIsSchemaTroubleUntilItIsBack) {
  use(gps);
  execute("ALTER TABLE gps DROP COLUMN note");
  EXPECT_TRUE(write({{.offset = 0}}, {move_of({}, 1)}).starts_with("schema: ")) << write({{.offset = 0}});
  EXPECT_TRUE(lines(*database_, "SELECT 1 FROM loom_offsets").empty());
  ASSERT_TRUE(apply_tables(*database_, mappings_));
  bind_all();
  EXPECT_EQ(write({{.offset = 0}}, {move_of({}, 1)}), "s");
  execute("DROP TABLE gps");
  EXPECT_TRUE(write({{.offset = 1}}, {move_of(1, 2)}).starts_with("schema: "));
}

TEST_P(DatabaseContract, TwoConnectionsTakeTurns) {
  use(gps);
  auto other = databases_.open();
  auto first = batch_of({{.offset = 0}}, {move_of({}, 1)});
  auto second = batch_of({{.partition = 1, .offset = 0}}, {move_of({}, 1, 1)});
  std::thread one([&] {
    for (int i = 0; i < 50; ++i) {
      first.offsets[0] = move_of(i == 0 ? std::nullopt : std::optional<std::int64_t>(i), i + 1);
      auto done = database_->write(first, nothing);
      ASSERT_TRUE(done && std::holds_alternative<Written>(*done));
    }
  });
  for (int i = 0; i < 50; ++i) {
    second.offsets[0] = move_of(i == 0 ? std::nullopt : std::optional<std::int64_t>(i), i + 1, 1);
    auto done = other->write(second, nothing);
    EXPECT_TRUE(done && std::holds_alternative<Written>(*done));
  }
  one.join();
  EXPECT_EQ(lines(*database_, "SELECT next_offset FROM loom_offsets"), (std::vector<std::string>{"50", "50"}));
}

TEST_P(DatabaseContract, QueriesOnlyRead) {
  use(gps);
  EXPECT_FALSE(database_->query("DELETE FROM gps"));
  EXPECT_FALSE(database_->query("SELECT nonsense FROM gps"));
  EXPECT_TRUE(database_->query("SELECT count(*) FROM gps"));
}

INSTANTIATE_TEST_SUITE_P(Each, DatabaseContract, testing::Values("sqlite", "postgres"),
                         [](const auto& kind) { return kind.param; });

}  // namespace
}  // namespace loom::sink
