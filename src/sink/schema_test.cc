// The plan: what the mappings want, against what there is.
#include "sink/schema.h"

#include "sink/sink_fixture.h"
#include "sink/types.h"

namespace loom::sink {
namespace {

using model::ColumnType;

LiveTable live_of(const std::vector<std::pair<std::string, std::string>>& columns, std::vector<std::string> key) {
  LiveTable table{TableName{"x"}, {}, {}};
  for (const auto& [name, native] : columns) table.columns.push_back({name, native, native, postgres_type(native)});
  if (!key.empty()) table.unique.push_back({"k", std::move(key)});
  return table;
}

std::vector<std::string> texts(const std::string& yaml, const std::optional<LiveTable>& live) {
  std::vector<std::string> all;
  for (const auto& change : plan(wanted_tables(mappings_of(yaml)).at(0), live, Dialect::postgres))
    all.push_back((change.is_fault ? "fault: " : "") + change.text);
  return all;
}

constexpr const char* full = "topics: {t: {table: x, field_mappings: {data.lat: lat}, data_types: {lat: float}}}";

TEST(Plan, CreatesATableWithTheStandardColumnsAndTheMappedOnes) {
  auto tables = wanted_tables(mappings_of(full));
  auto changes = plan(tables.at(0), std::nullopt, Dialect::postgres);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].text, "create table 'x' (13 columns, key message_id, part)");
  const auto& sql = changes[0].sql.at(0);
  EXPECT_NE(sql.find("\"message_id\" uuid NOT NULL"), std::string::npos) << sql;
  EXPECT_NE(sql.find("\"lat\" double precision"), std::string::npos) << sql;
  EXPECT_NE(sql.find("PRIMARY KEY (\"message_id\", \"part\")"), std::string::npos) << sql;
  EXPECT_EQ(sql.find("\"data\""), std::string::npos) << "only the shortest form keeps the message as JSON";
}

TEST(Plan, KeysFollowTheMapping) {
  auto keys = [](const std::string& yaml) { return wanted_tables(mappings_of(yaml)).at(0).keys; };
  using Keys = std::vector<std::vector<std::string>>;
  EXPECT_EQ(keys("topics: {t: {table: x}}"), (Keys{{"message_id", "part"}}));
  EXPECT_EQ(keys("topics: {t: {table: x}, u: {table: x}}"), (Keys{{"message_id", "part", "kafka_topic"}}));
  EXPECT_EQ(keys("topics: {t: {table: x, upsert_key: 'device_id, recorded_at'}}"),
            (Keys{{"device_id", "recorded_at"}}));
  EXPECT_EQ(keys("topics: {t: {table: x, field_mappings: {data.a: a}, upsert_key: 'b'}}"),
            (Keys{{"message_id", "part"}}));
}

TEST(Plan, AnExistingTableGetsOnlyWhatIsMappedAndItsKey) {
  EXPECT_EQ(texts(full, live_of({{"message_id", "uuid"}, {"part", "text"}, {"lat", "float8"}}, {"part", "message_id"})),
            std::vector<std::string>{});
  EXPECT_EQ(
      texts(full, live_of({{"id", "int8"}}, {})),
      (std::vector<std::string>{"add column 'message_id' (uuid) to table 'x'", "add column 'part' (text) to table 'x'",
                                "add column 'lat' (double precision) to table 'x'",
                                "add unique index on (message_id, part) of table 'x'"}));
}

TEST(Plan, ATypeThatDiffersIsAFault) {
  auto live = [](const char* native) {
    return live_of({{"message_id", "uuid"}, {"part", "text"}, {"lat", native}}, {"message_id", "part"});
  };
  EXPECT_EQ(texts(full, live("text")), std::vector<std::string>{}) << "text holds what a float prints";
  EXPECT_EQ(texts(full, live("int4")),
            (std::vector<std::string>{"fault: column 'lat' of table 'x' is int4, data_types says float"}));
  EXPECT_EQ(texts(full, live("inet")),
            (std::vector<std::string>{"fault: column 'lat' of table 'x' is inet, a type that Loom cannot write"}));
}

TEST(Bind, NamesWhatIsMissingAndTheRemedy) {
  auto mappings = mappings_of(full);
  const auto& mapping = mappings.topics.begin()->second;
  auto error = [&](const LiveTable& live) {
    auto binding = bind(mappings, mapping, live, Dialect::postgres);
    return binding ? std::string() : to_string(binding.error());
  };
  EXPECT_EQ(error(live_of({{"message_id", "uuid"}, {"part", "text"}, {"lat", "float8"}}, {"message_id", "part"})), "");
  EXPECT_NE(error(live_of({{"message_id", "uuid"}, {"part", "text"}}, {"message_id", "part"}))
                .find("column 'lat' is missing"),
            std::string::npos);
  EXPECT_NE(error(live_of({{"message_id", "uuid"}, {"part", "text"}, {"lat", "float8"}}, {})).find("no unique index"),
            std::string::npos);
  EXPECT_NE(error(live_of({{"lat", "float8"}}, {})).find("loom tables apply"), std::string::npos);
}

TEST(Types, SqliteDeclarationsAreReadTheWayTheyAreWritten) {
  for (auto type :
       {ColumnType::string, ColumnType::integer, ColumnType::floating, ColumnType::boolean, ColumnType::timestamp,
        ColumnType::array, ColumnType::float_array, ColumnType::json, ColumnType::bytes, ColumnType::uuid})
    EXPECT_EQ(sqlite_type(ddl_type(type, Dialect::sqlite)), type) << name_of(type);
  EXPECT_EQ(sqlite_type("VARCHAR(20)"), ColumnType::string);
  EXPECT_EQ(sqlite_type("bigint"), ColumnType::integer);
  EXPECT_EQ(sqlite_type(""), ColumnType::string);
}

}  // namespace
}  // namespace loom::sink
