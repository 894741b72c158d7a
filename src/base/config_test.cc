#include "base/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace loom::config {
namespace {

std::vector<std::string> places(const Faults& faults) {
  std::vector<std::string> all;
  for (const auto& fault : faults.all()) all.push_back(to_string(fault.place));
  return all;
}

TEST(ConfigNode, KindsPathsAndLines) {
  Faults faults;
  auto root = Node::parse(R"(# a comment
kafka: { bootstrap: "127.0.0.1:9092" }

stages:
  ocr-consumer:
    use: ocr
    engine:
      use: tesseract
  empty:
list:
  - a
  - { b: 1 }
)",
                          "loom.yaml", faults);
  ASSERT_FALSE(faults.any_fault()) << faults.text();
  EXPECT_EQ(root["kafka"]["bootstrap"].scalar(), "127.0.0.1:9092");
  EXPECT_TRUE(root["kafka"]["bootstrap"].quoted());
  EXPECT_EQ(to_string(root["kafka"]["bootstrap"].place()), "loom.yaml:2");
  EXPECT_EQ(to_string(root["stages"].place()), "loom.yaml:4");
  EXPECT_EQ(to_string(root["stages"]["ocr-consumer"].place()), "loom.yaml:5");
  EXPECT_EQ(to_string(root["stages"]["ocr-consumer"]["engine"]["use"].place()), "loom.yaml:8");
  EXPECT_EQ(root["stages"]["ocr-consumer"]["engine"]["use"].path(), "stages.ocr-consumer.engine.use");
  EXPECT_FALSE(root["stages"]["ocr-consumer"]["use"].quoted());
  EXPECT_EQ(root["stages"]["empty"].kind(), Node::Kind::null);
  EXPECT_EQ(to_string(root["stages"]["empty"].place()), "loom.yaml:9");
  EXPECT_EQ(root["list"].elements().size(), 2U);
  EXPECT_EQ(to_string(root["list"].elements()[1]["b"].place()), "loom.yaml:12");
  EXPECT_EQ(root["list"].elements()[1]["b"].path(), "list.1.b");
  std::vector<std::string> order;
  for (const auto& [name, node] : root.members()) order.push_back(name);
  EXPECT_EQ(order, (std::vector<std::string>{"kafka", "stages", "list"}));
}

TEST(ConfigNode, AbsentNodesSayWhereTheyWouldBe) {
  Faults faults;
  auto root = Node::parse("a:\n  b: 1\n", "f.yaml", faults);
  auto absent = root["a"]["missing"]["deeper"];
  EXPECT_FALSE(absent.present());
  EXPECT_EQ(absent.path(), "a.missing.deeper");
  EXPECT_EQ(to_string(absent.place()), "f.yaml:1");
  EXPECT_TRUE(absent.members().empty());
  EXPECT_TRUE(root["a"]["b"]["c"].elements().empty());
  EXPECT_FALSE(Node().present());
  EXPECT_EQ(Node().path(), "");
}

TEST(ConfigNode, FaultsHaveTheirLine) {
  struct Row {
    std::string name, text, place;
  };
  const Row rows[] = {
      {"unclosed brace", "a: 1\nb: { c: 2\nd: 3\n", "f:3"},
      {"tab for indentation", "a:\n\tb: 1\n", "f:2"},
      {"duplicate key", "a: 1\nb: 2\na: 3\n", "f:3"},
      {"nested duplicate", "s:\n  x:\n    k: 1\n    k: 2\n", "f:4"},
      {"key that is a list", "a: 1\n[b]: 2\n", "f:2"},
      {"two documents", "a: 1\n---\nb: 2\n", "f:3"},
      {"unknown alias", "a: 1\nb: *nobody\n", "f:2"},
      {"unclosed quote", "a: \"x\n", "f:1"},
      {"unclosed quote that swallows the rest", "a: 'x\nb: 1\nc: 2\n\n", "f:3"},
  };
  for (const auto& row : rows) {
    Faults faults;
    auto root = Node::parse(row.text, "f", faults);
    EXPECT_FALSE(root.present()) << row.name;
    EXPECT_EQ(places(faults), std::vector<std::string>{row.place}) << row.name << "\n" << faults.text();
  }
}

TEST(ConfigNode, BlockTextKeepsItsLines) {
  Faults faults;
  auto root = Node::parse("a: |\n  one\n  two\nb: |+\n  three\n\n", "f", faults);
  EXPECT_EQ(root["a"].scalar(), "one\ntwo\n") << faults.text();
  EXPECT_EQ(root["b"].scalar(), "three\n\n");
  EXPECT_TRUE(root["a"].quoted());
}

TEST(ConfigNode, AllDuplicatesAtOnce) {
  Faults faults;
  (void)Node::parse("a: 1\na: 2\nb: {x: 1, x: 2}\n", "f", faults);
  EXPECT_EQ(faults.text(),
            "fault  f:2: a is there twice; keep one; the other is on line 1\n"
            "fault  f:3: b.x is there twice; keep one; the other is on line 3\n");
}

TEST(ConfigNode, AnchorsAreFineAndBombsAreNot) {
  Faults faults;
  auto root = Node::parse("a: &x {k: 1}\nb: *x\n", "f", faults);
  EXPECT_EQ(root["b"]["k"].scalar(), "1");
  EXPECT_EQ(to_string(root["b"].place()), "f:2");
  EXPECT_FALSE(faults.any_fault());
  std::string bomb = "l0: &l0 [x]\n";
  for (int i = 1; i < 12; ++i) {
    auto name = "l" + std::to_string(i), last = "*l" + std::to_string(i - 1);
    bomb += name + ": &" + name + " [" + last;
    for (int k = 0; k < 9; ++k) bomb += "," + last;
    bomb += "]\n";
  }
  EXPECT_FALSE(Node::parse(bomb, "f", faults).present());
  EXPECT_TRUE(faults.any_fault());
  Faults deep;
  EXPECT_FALSE(Node::parse(std::string(20000, '['), "f", deep).present());
  EXPECT_TRUE(deep.any_fault());
}

TEST(ConfigNode, Files) {
  Faults faults;
  EXPECT_FALSE(Node::load("/nonexistent/loom.yaml", faults).present());
  EXPECT_NE(faults.text().find("/nonexistent/loom.yaml: the file cannot be read"), std::string::npos) << faults.text();
  EXPECT_FALSE(Node::load("/", faults).present());
  EXPECT_EQ(faults.all().size(), 2U);
  auto path = std::filesystem::temp_directory_path() / ("loom-config-" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(path) << "a: 1\n";
  Faults none;
  EXPECT_EQ(Node::load(path.string(), none)["a"].scalar(), "1");
  std::ofstream(path, std::ios::trunc);
  EXPECT_EQ(Node::load(path.string(), none).kind(), Node::Kind::null);
  EXPECT_TRUE(none.all().empty()) << none.text();
  std::filesystem::remove(path);
}

TEST(ConfigUnits, BytesAndDurations) {
  const std::vector<std::pair<std::string, std::optional<Bytes>>> sizes{{"512", Bytes{512}},
                                                                        {"0", Bytes{0}},
                                                                        {"8MiB", Bytes{8 << 20}},
                                                                        {"64 KiB", Bytes{64 << 10}},
                                                                        {"1GB", Bytes{1000000000}},
                                                                        {"1.5KB", Bytes{1500}},
                                                                        {"7B", Bytes{7}},
                                                                        {"1.5", {}},
                                                                        {"MiB", {}},
                                                                        {"-1", {}},
                                                                        {"8mib", {}},
                                                                        {"8 MiB x", {}},
                                                                        {"", {}},
                                                                        {"99999999999GiB", {}},
                                                                        {"0.0001KB", {}},
                                                                        {"18446744073709551615", {}}};
  for (const auto& [text, bytes] : sizes) EXPECT_EQ(parse_bytes(text), bytes) << text;
  const std::vector<std::pair<std::string, std::optional<std::int64_t>>> durations{
      {"250ms", 250},    {"5s", 5000}, {"1.5s", 1500},  {"30m", 1800000}, {"12h", 43200000},
      {"7d", 604800000}, {"0", 0},     {"forever", -1}, {"5", {}},        {"-5s", {}},
      {"5 w", {}},       {"s", {}},    {"", {}},        {"0.0001s", {}},  {"1m30s", {}}};
  for (const auto& [text, millis] : durations) {
    auto duration = parse_duration(text);
    EXPECT_EQ(duration ? std::optional(duration->count()) : std::nullopt, millis) << text;
  }
}

TEST(ConfigUnits, TextRoundTrips) {
  for (std::uint64_t count :
       {0ULL, 1ULL, 512ULL, 1000ULL, 1024ULL, 1536ULL, 8ULL << 20, 1000000000ULL, 1234567ULL, 3ULL << 30}) {
    EXPECT_EQ(parse_bytes(to_string(Bytes{count})), Bytes{count}) << to_string(Bytes{count});
  }
  EXPECT_EQ(to_string(Bytes{8 << 20}), "8MiB");
  for (std::int64_t count : {-1LL, 0LL, 1LL, 250LL, 90000LL, 604800000LL, 1001LL}) {
    EXPECT_EQ(parse_duration(to_string(Milliseconds{count})), Milliseconds{count}) << to_string(Milliseconds{count});
  }
  EXPECT_EQ(to_string(Milliseconds{604800000}), "7d");
}

template <class T>
std::string wrong_of(const std::string& yaml) {
  Faults faults;
  T value{};
  return read_value(Node::parse("v: " + yaml, "f", faults)["v"], value).value_or("");
}

TEST(ConfigValue, WrongKindsAreNamed) {
  EXPECT_EQ(wrong_of<int>("5"), "");
  EXPECT_EQ(wrong_of<int>("-5"), "");
  for (auto text : {"\"5\"", "5.5", "x", "99999999999", "[1]", "{a: 1}", "", "0x10", "5 5", "true"})
    EXPECT_NE(wrong_of<int>(text), "") << text;
  EXPECT_EQ(wrong_of<std::int64_t>("99999999999"), "");
  EXPECT_EQ(wrong_of<double>("5"), "");
  EXPECT_EQ(wrong_of<double>("-1.5e3"), "");
  for (auto text : {"nan", "inf", ".inf", "x", "\"1\""}) EXPECT_NE(wrong_of<double>(text), "") << text;
  EXPECT_EQ(wrong_of<bool>("true"), "");
  for (auto text : {"yes", "1", "\"true\"", "True"}) EXPECT_NE(wrong_of<bool>(text), "") << text;
  EXPECT_EQ(wrong_of<std::string>("123"), "");
  EXPECT_EQ(wrong_of<std::string>("\"\""), "");
  for (auto text : {"", "~", "[a]", "{a: b}"}) EXPECT_NE(wrong_of<std::string>(text), "") << text;
  EXPECT_EQ(wrong_of<Bytes>("8MiB"), "");
  EXPECT_NE(wrong_of<Bytes>("lots"), "");
  EXPECT_EQ(wrong_of<Milliseconds>("\"5s\""), "");
  EXPECT_NE(wrong_of<Milliseconds>("5"), "");
}

TEST(ConfigValue, ListsAndMaps) {
  using List = std::vector<std::string>;
  using Map = std::map<std::string, std::string>;
  const std::vector<std::pair<std::string, List>> lists{
      {"[a, b]", {"a", "b"}}, {"[]", {}},          {"", {}}, {"a", {"a"}}, {"\"*\"", {"*"}},
      {"\"a, b\"", {"a, b"}}, {"a, b", {"a", "b"}}};
  for (const auto& [text, expected] : lists) {
    Faults faults;
    List value{"before"};
    EXPECT_EQ(read_value(Node::parse("v: " + text, "f", faults)["v"], value), std::nullopt) << text;
    EXPECT_EQ(value, expected) << text;
  }
  EXPECT_NE(wrong_of<List>("{a: b}"), "");
  EXPECT_NE(wrong_of<List>("[[a]]"), "");
  Map map;
  EXPECT_EQ(read_value(environment_node("LOOM_X", "a=1, b = c=d"), map), std::nullopt);
  EXPECT_EQ(map, (Map{{"a", "1"}, {"b", "c=d"}}));
  EXPECT_NE(wrong_of<Map>("[a]"), "");
  EXPECT_NE(wrong_of<Map>("{a: [b]}"), "");
}

TEST(ConfigValue, WhatIsPrintedReadsBack) {
  for (std::string text : {"",     "plain", "127.0.0.1:8000", "true",  "5",    "a, b",           "*",
                           "a: b", "x #y",  " lead",          "tab\t", "q\"q", "back\\slash",    "-",
                           "-x",   "~",     "line\nbreak",    "it's",  "[a]",  "sqlite:loom.db", "a:"}) {
    Faults faults;
    auto root = Node::parse(
        "v: " + print_value(text) + "\nl: " + print_value(std::vector<std::string>{text, "z"}) + "\n", "f", faults);
    ASSERT_FALSE(faults.any_fault()) << text << faults.text();
    EXPECT_EQ(root["v"].scalar(), text);
    ASSERT_EQ(root["l"].elements().size(), 2U) << text;
    EXPECT_EQ(root["l"].elements()[0].scalar(), text);
  }
  EXPECT_EQ(print_value(std::string("plain")), "plain");
  EXPECT_EQ(print_value(std::map<std::string, std::string>{{"a", "b"}}), "{a: b}");
  EXPECT_EQ(print_value(0.5), "0.5");
}

struct Api {
  std::string listen = "127.0.0.1:8000";
  Bytes max_body{16 << 20};
  int threads = 1;
  std::vector<std::string> origins;
  std::string password;
};

Options<Api> api_options() {
  return Options<Api>("api")
      .add("listen", &Api::listen, "address and port to listen on")
      .add("max_body", &Api::max_body, "largest request body", at_least(1024))
      .add("threads", &Api::threads, "io threads", at_least(1))
      .add("origins", &Api::origins, "who may ask")
      .add("password", &Api::password, "secret")
      .also("keys");
}

TEST(ConfigOptions, ReadsDefaultsAndReportsAllFaultsAtOnce) {
  Faults faults;
  auto root = Node::parse("api:\n  listen: 0.0.0.0:80\n  max_body: 10\n  thread: 4\n  threads: many\n  keys: []\n",
                          "loom.yaml", faults);
  auto api = api_options().read(root["api"], faults);
  EXPECT_EQ(api.listen, "0.0.0.0:80");
  EXPECT_EQ(faults.text(),
            "fault  loom.yaml:3: api.max_body '10' must be at least 1024 bytes; write a value that fits\n"
            "fault  loom.yaml:5: api.threads 'many' is not a whole number; write a value that fits\n"
            "fault  loom.yaml:4: api: unknown option 'thread'; did you mean 'threads'?\n");
  Faults none;
  EXPECT_EQ(api_options().read(Node(), none).threads, 1);
  EXPECT_TRUE(none.all().empty());
}

TEST(ConfigOptions, TheEnvironmentWinsAndIsNamed) {
  Faults faults;
  auto root = Node::parse("api: {threads: 2}\n", "loom.yaml", faults);
  Environment environment;
  environment.values = {
      {"LOOM_API_THREADS", "8"}, {"LOOM_API_ORIGINS", "a, b"}, {"LOOM_API_MAX_BODY", "x"}, {"LOOM_API_OTHER", "1"}};
  auto api = api_options().read(root["api"], faults, &environment);
  EXPECT_EQ(api.threads, 8);
  EXPECT_EQ(api.origins, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(
      faults.text(),
      "fault  environment: LOOM_API_MAX_BODY 'x' is no size such as 512, 64KiB or 8MiB; write a value that fits\n");
  EXPECT_TRUE(environment.used["LOOM_API_THREADS"]);
  EXPECT_FALSE(environment.used["LOOM_API_OTHER"]);
}

TEST(ConfigOptions, DocsComeFromTheDeclaration) {
  auto docs = api_options().docs();
  ASSERT_EQ(docs.size(), 5U);
  EXPECT_EQ(docs[1].name, "max_body");
  EXPECT_EQ(docs[1].fallback, "16MiB");
  EXPECT_EQ(docs[1].environment, "LOOM_API_MAX_BODY");
  EXPECT_EQ(docs[3].fallback, "[]");
  EXPECT_EQ(environment_name("stages", "ocr-consumer.use"), "LOOM_STAGES_OCR_CONSUMER_USE");
}

TEST(ConfigOptions, SecretsAndSectionsOfAnotherKind) {
  Faults faults;
  auto root = Node::parse("api: 5\nother:\n  password: [hunter2]\n  api_key: hunter2\n", "f", faults);
  (void)api_options().read(root["api"], faults);
  wrong_value(root["other"]["api_key"], "api_key", "is wrong", faults);
  ASSERT_EQ(faults.all().size(), 2U);
  EXPECT_EQ(to_string(faults.all()[0].place), "f:1");
  EXPECT_NE(faults.all()[0].message.find("api is no map"), std::string::npos);
  EXPECT_EQ(faults.text().find("hunter2"), std::string::npos) << faults.text();
}

TEST(ConfigEnvironment, CollectsOnlyLoomsVariables) {
  ::setenv("LOOM_TEST_VALUE", "a=b", 1);
  ::setenv("NOT_LOOM", "x", 1);
  auto environment = Environment::of_process();
  EXPECT_EQ(environment.take("LOOM_TEST_VALUE"), "a=b");
  EXPECT_FALSE(environment.values.contains("NOT_LOOM"));
  EXPECT_FALSE(environment.take("LOOM_NOTHING"));
  EXPECT_TRUE(environment.used["LOOM_TEST_VALUE"]);
  ::unsetenv("LOOM_TEST_VALUE");
}

TEST(ConfigFaults, WarningsAreNoFaults) {
  Faults faults;
  faults.warn({"f", 3}, "odd", "look");
  EXPECT_FALSE(faults.any_fault());
  EXPECT_EQ(faults.text(), "warning  f:3: odd; look\n");
}

TEST(Node, WithTakesWhatTheOtherSaysAndKeepsTheRest) {
  Faults faults;
  auto root = Node::parse("base: {a: 1, engine: {use: x, prompt: old}, c: 3}\nover:\n  a: 2\n  engine: {prompt: new}\n  d: 4\n",
                          "loom.yaml", faults);
  auto both = root["base"].with(root["over"]);
  EXPECT_EQ(both["a"].scalar() + both["c"].scalar() + both["d"].scalar(), "234");
  EXPECT_EQ(both["engine"]["use"].scalar() + both["engine"]["prompt"].scalar(), "xnew");
  EXPECT_EQ(both.path(), "over");
  EXPECT_EQ(both["engine"]["prompt"].place().line, 4);
  EXPECT_EQ(both["engine"]["use"].place().line, 1);
  EXPECT_EQ(root["base"].with(root["none"])["a"].scalar(), "1");
}

TEST(Node, an_alias_within_its_own_anchor_is_a_fault_at_its_place) {
  for (const auto* text : {"a: &x {b: *x}\n", "a: &x [*x, *x]\n", "a: &x {b: [1, {c: *x}], d: *x}\n"}) {
    Faults faults;
    Node::parse(text, "f", faults);
    ASSERT_TRUE(faults.any_fault()) << text;
    EXPECT_LE(faults.all().size(), 2U) << text;  // one for each alias: it was not followed
    EXPECT_NE(faults.text().find("is an alias within its own anchor"), std::string::npos) << faults.text();
  }
}

TEST(Node, aliases_of_aliases_end_at_a_limit_of_bytes) {
  std::string text = "a0: &a0 {k: " + std::string(10'000, 'x') + "}\n";
  for (int i = 1; i <= 20; ++i) {
    auto before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  Faults faults;
  Node::parse(text, "f", faults);
  EXPECT_EQ(faults.all().size(), 1U);
  EXPECT_NE(faults.text().find("the file grows too large; use fewer aliases"), std::string::npos) << faults.text();
}

TEST(Node, what_is_nested_too_deeply_is_a_fault) {
  Faults faults;
  Node::parse("a: " + std::string(120, '[') + std::string(120, ']') + "\n", "f", faults);
  EXPECT_NE(faults.text().find("is nested too deeply"), std::string::npos) << faults.text();
}

TEST(Node, a_stray_token_is_a_fault_and_no_endless_file) {
  for (const auto* text : {",", "a: 1\n---\n,", "a: [1]\n, b", "topics: {a: 1}\n}\n"}) {
    Faults faults;
    Node::parse(text, "f", faults);
    EXPECT_TRUE(faults.any_fault()) << text;
  }
}

}  // namespace
}  // namespace loom::config
