// to_row and convert, as tables: a message, a column, what comes out.
#include "sink/rows.h"

#include "sink/sink_fixture.h"

namespace loom::sink {
namespace {

using model::ColumnType;

Binding binding_of(BoundColumn column) {
  Binding binding;
  binding.topic = TopicName{"t"}, binding.table = TableName{"x"};
  binding.columns.push_back(std::move(column));
  return binding;
}

std::string shown(const Cell& cell) {
  if (is_null(cell)) return "null";
  if (auto* value = std::get_if<bool>(&cell)) return *value ? "true" : "false";
  if (auto* value = std::get_if<std::int64_t>(&cell)) return std::to_string(*value) + "i";
  if (auto* value = std::get_if<double>(&cell)) return testing::PrintToString(*value) + "f";
  if (auto* value = std::get_if<Text>(&cell)) return "'" + value->value + "'";
  if (auto* value = std::get_if<Blob>(&cell)) return "b'" + value->value + "'";
  if (auto* value = std::get_if<Timestamp>(&cell)) return std::to_string(value->value) + "us";
  if (auto* value = std::get_if<Json>(&cell)) return "json " + value->value;
  if (std::get_if<Uuid>(&cell)) return "uuid";
  if (auto* value = std::get_if<TextArray>(&cell)) {
    std::string all;
    for (auto& one : value->values) all += (all.empty() ? "" : ",") + one.value_or("NULL");
    return "[" + all + "]";
  }
  return "floats " + std::to_string(std::get<FloatArray>(cell).values.size());
}

/// The cell of data.v, or the error's message.
std::string cell_of(ColumnType type, const std::string& value, BoundColumn column = {}) {
  column.name = "c", column.type = type, column.paths = {"data.v"};
  auto row = row_of(binding_of(column), {.data = "{\"v\":" + value + "}"});
  return row ? shown(row->cells[0]) : "! " + row.error().message;
}

struct Case {
  ColumnType type;
  const char* value;
  const char* cell;
};

TEST(Convert, LosesNothingOrFails) {
  const Case cases[] = {
      {ColumnType::string, R"("a")", "'a'"},
      {ColumnType::string, "12.50", "'12.50'"},
      {ColumnType::string, "true", "'true'"},
      {ColumnType::string, R"({"a":1})", "! column 'c' wants a string, data.v is an object of 1 members"},
      {ColumnType::integer, "12", "12i"},
      {ColumnType::integer, R"("12")", "12i"},
      {ColumnType::integer, R"("-9223372036854775808")", "-9223372036854775808i"},
      {ColumnType::integer, "12.0", "12i"},
      {ColumnType::integer, "1.5",
       "! column 'c' wants an integer, data.v is a number (1.5): it is not whole, or over 64 bits"},
      {ColumnType::integer, "9223372036854775808",
       "! column 'c' wants an integer, data.v is an integer (9223372036854775808): it is not whole, or over 64 bits"},
      {ColumnType::integer, R"("north")", "! column 'c' wants an integer, data.v is a string ('north')"},
      {ColumnType::integer, R"("1.5")", "! column 'c' wants an integer, data.v is a string ('1.5')"},
      {ColumnType::integer, R"(" 1")", "! column 'c' wants an integer, data.v is a string (' 1')"},
      {ColumnType::integer, "true", "! column 'c' wants an integer, data.v is a boolean (true)"},
      {ColumnType::floating, "1.5", "1.5f"},
      {ColumnType::floating, "3", "3f"},
      {ColumnType::floating, R"("1.5e3")", "1500f"},
      {ColumnType::floating, R"("north")", "! column 'c' wants a float, data.v is a string ('north')"},
      {ColumnType::floating, R"("nan")", "! column 'c' wants a float, data.v is a string ('nan'): it is not finite"},
      {ColumnType::floating, R"("12abc")", "! column 'c' wants a float, data.v is a string ('12abc')"},
      {ColumnType::floating, "9007199254740993",
       "! column 'c' wants a float, data.v is an integer (9007199254740993): a float would round it"},
      {ColumnType::boolean, "true", "true"},
      {ColumnType::boolean, R"("false")", "false"},
      {ColumnType::boolean, "1", "true"},
      {ColumnType::boolean, "2", "! column 'c' wants a boolean, data.v is an integer (2)"},
      {ColumnType::timestamp, R"("2026-11-23T12:00:00Z")", "1795435200000000us"},
      {ColumnType::timestamp, "1795435200", "1795435200000000us"},
      {ColumnType::timestamp, R"("yesterday")", "! column 'c' wants a timestamp, data.v is a string ('yesterday')"},
      {ColumnType::array, R"(["a",1,null,true])", "[a,1,NULL,true]"},
      {ColumnType::array, R"([["a"]])",
       "! column 'c' wants an array, data.v is an array of 1 elements: an element is an array, an object, or has a NUL "
       "character"},
      {ColumnType::array, R"("a")", "! column 'c' wants an array, data.v is a string ('a')"},
      {ColumnType::float_array, "[1,2.5]", "floats 2"},
      {ColumnType::json, R"({ "a" : 1.50 })", R"(json { "a" : 1.50 })"},
      {ColumnType::json, R"("x")", R"(json "x")"},
      {ColumnType::bytes, R"("AAEC")", "b'\0\1\2'"},
      {ColumnType::bytes, R"("%%")", "! column 'c' wants bytes in base64, data.v is a string ('%%'): it is no base64"},
      {ColumnType::uuid, R"("0198F0C2-0000-7000-8000-000000000001")", "uuid"},
      {ColumnType::uuid, R"("x")", "! column 'c' wants a UUID, data.v is a string ('x')"},
      {ColumnType::integer, "null", "null"},
  };
  for (const auto& one : cases) {
    std::string wanted = one.cell;
    if (one.type == ColumnType::bytes && wanted.starts_with("b'")) wanted = std::string("b'\0\1\2'", 6);
    EXPECT_EQ(cell_of(one.type, one.value), wanted) << one.value;
  }
}

TEST(Convert, AnErrorNeverCarriesThePayload) {
  auto text = cell_of(ColumnType::floating, "\"" + std::string(100000, 'x') + "\"");
  EXPECT_LT(text.size(), 200u);
}

TEST(Convert, Transforms) {
  BoundColumn decode{.name = "", .native = "", .sql_type = ""}, parse = decode, stringify = decode;
  decode.transform = model::Transform::base64_decode;
  parse.transform = model::Transform::timestamp_parse;
  stringify.transform = model::Transform::json_stringify;
  EXPECT_EQ(cell_of(ColumnType::string, R"("aGk=")", decode), "'hi'");
  EXPECT_EQ(cell_of(ColumnType::bytes, R"("aGk=")", decode), "b'hi'");
  EXPECT_TRUE(cell_of(ColumnType::string, R"("gICA")", decode).starts_with("! ")) << "no UTF-8";
  EXPECT_EQ(cell_of(ColumnType::string, "1795435200", parse), "'2026-11-23T12:00:00.000000Z'");
  EXPECT_EQ(cell_of(ColumnType::string, R"({"a": 1})", stringify), R"('{"a": 1}')");
  EXPECT_EQ(cell_of(ColumnType::string, "7", stringify), "'7'");
}

TEST(ToRow, TheFirstSourceOfAKindThatFitsWins) {
  BoundColumn column{.name = "c", .native = "", .sql_type = ""};
  column.type = ColumnType::floating, column.paths = {"data.a", "data.b.1"}, column.fallback = Cell{0.5};
  auto first = [&](const std::string& data) {
    auto row = row_of(binding_of(column), {.data = data});
    return row ? shown(row->cells[0]) : "! " + row.error().message;
  };
  EXPECT_EQ(first(R"({"a":1,"b":[0,2]})"), "1f");
  EXPECT_EQ(first(R"({"a":null,"b":[0,2]})"), "2f");
  EXPECT_EQ(first(R"({"a":"north","b":[0,2]})"), "2f");
  EXPECT_EQ(first(R"({"a":"north"})"), "! column 'c' wants a float, data.a is a string ('north')");
  EXPECT_EQ(first(R"({"a":9007199254740993,"b":[0,2]})"),
            "! column 'c' wants a float, data.a is an integer (9007199254740993): a float would round it");
  EXPECT_EQ(first("{}"), "0.5f");
}

TEST(ToRow, ARequiredFieldThatIsMissingIsNamed) {
  auto binding = binding_of({.name = "c", .native = "", .sql_type = ""});
  binding.required = {"device_id", "data.a.b"};
  EXPECT_TRUE(row_of(binding, {.data = R"({"a":{"b":0}})"}));
  auto row = row_of(binding, {.data = R"({"a":{}})"});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().kind, ErrorKind::missing_field);
  EXPECT_EQ(row.error().field, "data.a.b");
}

TEST(ToRow, AKeyColumnMustHaveAValue) {
  BoundColumn column{.name = "c", .native = "", .sql_type = ""};
  column.paths = {"data.v"};
  auto binding = binding_of(column);
  binding.key = {0};
  EXPECT_TRUE(row_of(binding, {.data = R"({"v":"x"})"}));
  EXPECT_EQ(row_of(binding, {.data = R"({})"}).error().kind, ErrorKind::missing_field);
}

struct Shortest : testing::Test {
  Binding bind_to(const std::vector<LiveColumn>& columns) {
    LiveTable live{TableName{"x"}, columns, {{"key", {"message_id", "part"}}}};
    auto mappings = mappings_of("topics: {t: {table: x}}");
    auto binding = bind(mappings, mappings.topics.begin()->second, live, Dialect::postgres);
    EXPECT_TRUE(binding) << to_string(binding.error());
    return *binding;
  }
  static LiveColumn column(const char* name, const char* native, ColumnType type) {
    return {name, native, native, type};
  }
  std::vector<LiveColumn> identity{column("message_id", "uuid", ColumnType::uuid),
                                   column("part", "text", ColumnType::string)};
  std::vector<std::string> cells(const Binding& binding, const Message& message) {
    auto row = row_of(binding, message);
    EXPECT_TRUE(row) << to_string(row.error());
    std::vector<std::string> all;
    for (std::size_t i = 2; i < row->cells.size(); ++i) all.push_back(shown(row->cells[i]));
    return all;
  }
};

TEST_F(Shortest, ColumnsAreMatchedByNameAndTheRestGoesToJson) {
  auto columns = identity;
  columns.push_back(column("text", "text", ColumnType::string));
  columns.push_back(column("lang", "text", ColumnType::string));
  columns.push_back(column("device_id", "text", ColumnType::string));
  columns.push_back(column("extra", "jsonb", ColumnType::json));
  Message message{.data = R"({"lang":"de","n":1,"o":{"x": 2}})"};
  message.results = R"({"one":{"text":"first"},"two":{"text":"second"}})";
  EXPECT_EQ(cells(bind_to(columns), message),
            (std::vector<std::string>{
                "'second'", "'de'", "'phone-1'",
                R"(json {"n":1,"o":{"x": 2},"results":{"one":{"text":"first"},"two":{"text":"second"}}})"}));
}

TEST_F(Shortest, DataMetadataAndResultsByTheirNames) {
  auto columns = identity;
  columns.push_back(column("data", "jsonb", ColumnType::json));
  columns.push_back(column("results", "jsonb", ColumnType::json));
  EXPECT_EQ(cells(bind_to(columns), {.data = R"({ "a": 1.0 })"}),
            (std::vector<std::string>{R"(json { "a": 1.0 })", "null"}));
}

TEST_F(Shortest, AForeignRecordFillsWhatItHas) {
  auto columns = identity;
  columns.push_back(column("lat", "float8", ColumnType::floating));
  columns.push_back(column("device_id", "text", ColumnType::string));
  columns.push_back(column("fingerprint", "text", ColumnType::string));
  Message message{.offset = 3};
  message.value = R"({"lat":1.5})";
  auto row = cells(bind_to(columns), message);
  EXPECT_EQ(row[0], "1.5f");
  EXPECT_EQ(row[1], "null");
  EXPECT_NE(row[2], "null");
}

TEST(Standard, AForeignRecordsOwnFieldsFillWhatItLacks) {
  BoundColumn device, recorded;
  device.name = "device_id", device.standard = Standard::device_id, device.foreign_path = "source.name";
  recorded.name = "recorded_at", recorded.standard = Standard::recorded_at, recorded.foreign_path = "ts";
  recorded.type = ColumnType::timestamp;
  auto filled = [&](const char* value) {
    auto binding = binding_of(device);
    binding.columns.push_back(recorded);
    Message message;
    message.value = value;
    auto row = row_of(binding, message);
    return row ? shown(row->cells[0]) + " " + shown(row->cells[1]) : row.error().message;
  };
  EXPECT_EQ(filled(R"({"source":{"name":"pi"},"ts":"1970-01-01T00:00:01Z"})"), "'pi' 1000000us");
  EXPECT_EQ(filled(R"({"source":{"name":"pi"},"ts":1700000000})"), "'pi' 1700000000000000us");
  EXPECT_EQ(
      filled(R"({"device_id":"ours","source":{"name":"pi"},"recorded_at":"1970-01-01T00:00:02Z","ts":1700000000})"),
      "'ours' 2000000us");
}

}  // namespace
}  // namespace loom::sink
