#include "loom/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace loom::json {
namespace {

std::string nested(std::size_t depth, std::string_view inside = "1") {
  return std::string(depth, '[') + std::string(inside) + std::string(depth, ']');
}

struct Text {
  std::string name, text;
};

TEST(JsonParse, RefusesWhatIsNoJson) {
  const Text texts[] = {
      {"nothing", ""},
      {"only space", " \n"},
      {"extra closing brace", R"({"a":1}})"},
      {"extra closing bracket", "[1]]"},
      {"two values", "{} {}"},
      {"missing closing brace", R"({"a":1)"},
      {"trailing comma in object", R"({"a":1,})"},
      {"trailing comma in array", "[1,]"},
      {"missing comma", R"({"a":1 "b":2})"},
      {"missing colon", R"({"a" 1})"},
      {"unquoted key", "{a:1}"},
      {"single quotes", "{'a':1}"},
      {"bad literal", R"({"a":treu})"},
      {"literal run on", R"({"a":truex})"},
      {"NaN", "[NaN]"},
      {"leading zero", "[01]"},
      {"leading plus", "[+1]"},
      {"dot without digits", "[1.]"},
      {"number too large for a double", "[1e999]"},
      {"integer beyond 64 bits", "[123456789012345678901234567890]"},
      {"control character in a string", "[\"a\nb\"]"},
      {"raw NUL", std::string("[\"a\0b\"]", 7)},
      {"NUL behind the value", std::string("{}\0", 3)},
      {"string without end", R"(["abc)"},
      {"bad escape", R"(["\x41"])"},
      {"short unicode escape", R"(["\u12"])"},
      {"high surrogate alone", R"(["\ud800"])"},
      {"low surrogate alone", R"(["\udc00"])"},
      {"high surrogate and a letter", R"(["\ud800x"])"},
      {"two high surrogates", R"(["\ud800\ud800"])"},
      {"invalid UTF-8", "[\"\xff\"]"},
      {"overlong UTF-8", "[\"\xc0\xaf\"]"},
      {"surrogate in UTF-8", "[\"\xed\xa0\x80\"]"},
      {"UTF-8 cut short", "[\"\xe2\x82\"]"},
      {"comment", "[1 /* x */]"},
      {"too deep", nested(65)},
      {"far too deep", nested(100000)},
      {"duplicate key", R"({"a":1,"b":2,"a":3})"},
      {"duplicate key by escape", R"({"a":1,"\u0061":2})"},
      {"NUL escape", R"({"a":"x\u0000y"})"},
      {"NUL escape in a key", R"({"\u0000":1})"},
      {"NUL escape after an escaped backslash", R"({"a":"\\\u0000"})"},
  };
  for (const auto& [name, text] : texts) {
    Document document;
    auto value = document.parse(text);
    ASSERT_FALSE(value) << name;
    EXPECT_EQ(value.error().kind, ErrorKind::malformed) << name;
    EXPECT_FALSE(value.error().message.empty()) << name;
    EXPECT_FALSE(value.error().remedy.empty()) << name;
    EXPECT_TRUE(document.parse("{}")) << name << ": the document must be usable again";
  }
}

TEST(JsonParse, AcceptsWhatOnlyLooksWrong) {
  const Text texts[] = {
      {"backslash before u0000", R"({"a":"\\u0000"})"},
      {"surrogate pair", R"({"a":"\ud83d\ude00"})"},
      {"64 levels", nested(64)},
      {"duplicate below the top", R"({"a":{"x":1,"x":2}})"},
      {"keys that differ in case", R"({"a":1,"A":2})"},
      {"space all round", " \r\n\t{ \"a\" : [ ] } \n"},
      {"a scalar", "5"},
      {"largest unsigned", "[18446744073709551615]"},
      {"smallest signed", "[-9223372036854775808]"},
      {"DEL and U+2028", "[\"\x7f\xe2\x80\xa8\"]"},
  };
  for (const auto& [name, text] : texts) {
    Document document;
    EXPECT_TRUE(document.parse(text)) << name;
    EXPECT_EQ(document.text(), text) << name;
  }
}

TEST(JsonParse, NamesTheFault) {
  Document document;
  EXPECT_NE(document.parse(R"({"a":"x\u0000"})").error().message.find("byte 7"), std::string::npos);
  EXPECT_EQ(document.parse(R"({"twice":1,"twice":2})").error().field, "twice");
  EXPECT_NE(document.parse(nested(65)).error().message.find("64"), std::string::npos);
}

TEST(JsonParse, LimitsAreTheCallers) {
  Document document;
  EXPECT_TRUE(document.parse(R"(["\u0000"])", {.depth = 64, .allow_nul = true}));
  EXPECT_FALSE(document.parse(nested(3), {.depth = 2}));
  EXPECT_TRUE(document.parse(nested(2), {.depth = 2}));
  EXPECT_TRUE(document.parse(nested(200), {.depth = 200}));
  EXPECT_FALSE(document.parse(nested(200)));
}

TEST(JsonParse, ReusesItsBufferForAnySizes) {
  Document document;
  for (int round = 0; round < 3; ++round) {
    std::string large = "[\"" + std::string(3 << 20, 'x') + "\"]";
    EXPECT_EQ(document.parse(large)->at(0)->string()->size(), 3U << 20);
    for (int i = 0; i < 80; ++i) ASSERT_EQ(document.parse("[" + std::to_string(i) + "]")->at(0)->integer(), i);
  }
}

TEST(JsonParse, MovedDocumentsKeepTheirValues) {
  Document document;
  auto value = *document.parse(R"({"a":"text"})");
  Document other = std::move(document);
  EXPECT_EQ(value.get("a")->string(), "text");
  EXPECT_EQ(document.text(), "");
  EXPECT_TRUE(document.parse("[1]"));
}

TEST(JsonValue, ScalarsAndKinds) {
  struct Row {
    std::string text;
    Kind kind;
    std::optional<std::int64_t> integer;
    std::optional<double> number;
  };
  const Row rows[] = {
      {"0", Kind::integer, 0, 0.0},
      {"-0", Kind::integer, 0, 0.0},
      {"9223372036854775807", Kind::integer, std::numeric_limits<std::int64_t>::max(), 9223372036854775807.0},
      {"9223372036854775808", Kind::unsigned_integer, std::nullopt, 9223372036854775808.0},
      {"3.0", Kind::number, 3, 3.0},
      {"1e3", Kind::number, 1000, 1000.0},
      {"3.5", Kind::number, std::nullopt, 3.5},
      {"1e300", Kind::number, std::nullopt, 1e300},
      {"9.3e18", Kind::number, std::nullopt, 9.3e18},
      {"-9.223372036854775808e18", Kind::number, std::numeric_limits<std::int64_t>::min(), -9223372036854775808.0},
      {"true", Kind::boolean, std::nullopt, std::nullopt},
      {"null", Kind::null, std::nullopt, std::nullopt},
      {"\"1\"", Kind::string, std::nullopt, std::nullopt},
      {"[]", Kind::array, std::nullopt, std::nullopt},
      {"{}", Kind::object, std::nullopt, std::nullopt},
  };
  Document document;
  for (const auto& row : rows) {
    auto value = *document.parse(row.text);
    EXPECT_EQ(value.kind(), row.kind) << row.text;
    EXPECT_EQ(value.integer(), row.integer) << row.text;
    EXPECT_EQ(value.number(), row.number) << row.text;
    EXPECT_EQ(value.string().has_value(), row.kind == Kind::string) << row.text;
    EXPECT_EQ(value.boolean().has_value(), row.kind == Kind::boolean) << row.text;
  }
  EXPECT_EQ(Value().kind(), Kind::null);
  EXPECT_FALSE(Value().get("a"));
}

TEST(JsonValue, PathsThroughObjectsAndArrays) {
  Document document;
  auto root = *document.parse(R"({"a":{"b":[10,{"c":"deep"}],"":0},"results":{"my.group":{"text":"t"}},"0":"zero"})");
  EXPECT_EQ(root.at_path("a.b.0")->integer(), 10);
  EXPECT_EQ(root.at_path("a.b.1.c")->string(), "deep");
  EXPECT_EQ(root.at_path("results.my.group.text")->string(), "t");
  EXPECT_EQ(root.at_path("a.")->integer(), 0);
  EXPECT_EQ(root.at_path("0")->string(), "zero");
  for (auto path : {"", "b", "a.b.2", "a.b.-1", "a.b.00", "a.b.x", "a.b.1.c.d", "a..b", "results.my"}) {
    EXPECT_FALSE(root.at_path(path)) << path;
  }
  EXPECT_EQ(root.size(), 3U);
  EXPECT_EQ(root.at_path("a.b")->size(), 2U);
  EXPECT_EQ(root.get("0")->size(), 0U);
}

TEST(JsonValue, VisitsInOrder) {
  Document document;
  auto root = *document.parse(R"({"z":1,"a":[true,{"x":[]},"s"],"\u00e9":null})");
  std::string keys, kinds;
  root.each_member([&](std::string_view key, Value) { keys += std::string(key) + ","; });
  root.get("a")->each_element([&](Value value) { kinds += std::string(name_of(value.kind())) + ","; });
  EXPECT_EQ(keys, "z,a,\xc3\xa9,");
  EXPECT_EQ(kinds, "boolean,object,string,");
}

TEST(JsonValue, TextIsCompactAndReadsBack) {
  Document document;
  auto root = *document.parse(
      R"( { "a" : [ 1 , -2.50 , 18446744073709551615, true, false, null, "q\"\\\n\u0001" ] , "b" : { } } )");
  EXPECT_EQ(root.text(), R"({"a":[1,-2.5,18446744073709551615,true,false,null,"q\"\\\n\u0001"],"b":{}})");
  std::string text = root.text();
  EXPECT_EQ(document.parse(text)->text(), text);
}

TEST(JsonValue, SizeOfVeryLargeArrays) {
  constexpr std::size_t count = 0xFFFFFF + 2;  // the tape's own count stops before
  std::string text = "[0";
  for (std::size_t i = 1; i < count; ++i) text += ",0";
  text += "]";
  Document document;
  EXPECT_EQ(document.parse(text)->size(), count);
}

TEST(JsonRaw, GivesBytesAsTheyAre) {
  const std::string text =
      R"( { "data" : { "x" : 1.50 , "s":"a\"}b\\" , "l":[ 1, {"k":"]"} ,[] ] } ,"n":null, "e\u0073c":-1e5,"t":true } )";
  struct Row {
    std::string path;
    std::optional<std::string_view> raw;
  };
  const Row rows[] = {
      {"data.x", "1.50"}, {"data.s", R"("a\"}b\\")"}, {"data.l", R"([ 1, {"k":"]"} ,[] ])"},
      {"data.l.0", "1"},  {"data.l.1.k", R"("]")"},   {"data.l.2", "[]"},
      {"data.l.3", {}},   {"data.l.2.0", {}},         {"n", "null"},
      {"esc", "-1e5"},    {R"(e\u0073c)", {}},        {"t", "true"},
      {"missing", {}},    {"data.x.y", {}},           {"", {}},
  };
  for (const auto& row : rows) EXPECT_EQ(raw_path(text, row.path), row.raw) << row.path;
  EXPECT_EQ(raw_member(text, "data.x"), std::nullopt);
  EXPECT_EQ(raw_member("{}", "a"), std::nullopt);
  EXPECT_EQ(raw_member("[1]", "a"), std::nullopt);
}

TEST(JsonRaw, EscapedKeysAreComparedByMeaning) {
  const std::string text = R"({"a\\":1,"\"q\"":2,"\ud83d\ude00":3,"\n\t\b\f\r\/":4,"\u00e9":5,"\u20ac":6})";
  EXPECT_EQ(raw_member(text, "a\\"), "1");
  EXPECT_EQ(raw_member(text, "\"q\""), "2");
  EXPECT_EQ(raw_member(text, "\xf0\x9f\x98\x80"), "3");
  EXPECT_EQ(raw_member(text, "\n\t\b\f\r/"), "4");
  EXPECT_EQ(raw_member(text, "\xc3\xa9"), "5");
  EXPECT_EQ(raw_member(text, "\xe2\x82\xac"), "6");
  EXPECT_EQ(raw_member(text, R"(a\\)"), std::nullopt) << "a key is not compared as written";
}

TEST(JsonRaw, VisitsEachMemberAsWritten) {
  std::string seen;
  each_raw_member(R"({ "a" : 1 , "\u0062":[ 2 ] ,"c":{}})", [&](std::string_view key, std::string_view raw) {
    seen += std::string(key) + "=" + std::string(raw) + ";";
  });
  EXPECT_EQ(seen, R"(a=1;\u0062=[ 2 ];c={};)");
}

TEST(JsonRaw, NeverReadsBeyondTextThatIsCut) {
  const std::string text = R"({"a":{"b":["x\\",{"c":1}]},"d":"\ud83d\ude00","e\u0000":[true,-1.5]})";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    auto cut = std::make_unique<char[]>(length + 1);  // its own allocation, so that a sanitizer sees each step too far
    std::copy_n(text.data(), length, cut.get());
    for (auto path : {"d", "e", "a.b.1.c", "missing"}) (void)raw_path({cut.get(), length}, path);
    each_raw_member({cut.get(), length}, [](std::string_view, std::string_view) {});
  }
}

TEST(JsonRaw, LargeStringsWithManyQuotes) {
  std::string large;
  for (int i = 0; i < 20000; ++i) large += R"(\"\\)";
  std::string text = "{\"a\":\"" + large + "\",\"b\":7}";
  EXPECT_EQ(raw_member(text, "b"), "7");
  EXPECT_EQ(raw_member(text, "a")->size(), large.size() + 2);
}

TEST(JsonWrite, EscapesOnlyWhatMust) {
  struct Row {
    std::string text, json;
  };
  const Row rows[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"\"\\/", R"("\"\\/")"},
      {std::string("\0\x1f\x7f", 3), "\"\\u0000\\u001f\x7f\""},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
  };
  for (const auto& row : rows) {
    std::string to;
    append_string(to, row.text);
    EXPECT_EQ(to, row.json);
  }
}

TEST(JsonWrite, EachPlaceOfAnEscapeReadsBack) {
  Document document;
  for (std::size_t length = 1; length < 80; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, 'x');
      text[at] = '"';
      std::string json;
      append_string(json, text);
      ASSERT_EQ(json.size(), length + 3);
      ASSERT_EQ(document.parse(json)->string(), text);
    }
  }
}

TEST(JsonWrite, NumbersReadBack) {
  for (double value : {0.0, 0.1, 1.0 / 3, 1e-300, 1.7976931348623157e308, -2.5, 1e21, 5e-324}) {
    std::string to;
    append_number(to, value);
    Document document;
    EXPECT_EQ(document.parse(to)->number(), value) << to;
  }
  for (double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    std::string to;
    append_number(to, value);
    EXPECT_EQ(to, "null");
  }
}

TEST(JsonWrite, Objects) {
  EXPECT_EQ(Writer().text(), "{}");
  EXPECT_EQ(Writer().field("a", 1).field("b", "x").field("c", true).field("d", 0.5).raw("e", "[1]").text(),
            R"({"a":1,"b":"x","c":true,"d":0.5,"e":[1]})");
  EXPECT_EQ(Writer().field("k\"", std::string("v")).field("n", std::size_t{7}).text(), R"({"k\"":"v","n":7})");
  EXPECT_EQ(array_of({}), "[]");
  EXPECT_EQ(array_of({"1", "{}"}), "[1,{}]");
}

}  // namespace
}  // namespace loom::json
