// Rows of arrays: parent and elements in one transaction, all or none. On both databases.
#include "sink/sink_fixture.h"
#include "sink/store_work.h"

namespace loom::sink {
namespace {

constexpr const char* mappings = R"(
topics:
  t:
    table: transcripts
    field_mappings: {data.text: text}
    data_types: {start: float, w_tag_n: integer}
    array_mappings:
      data.words: {element_mappings: {word: word, at.start: start}, sequence_field: n, table: words, foreign_key_mapping: transcript_id}
      data.tags: {element_mappings: {key: tag, value: tag_n}, table_column_prefix: w_}
      data.list: {element_mappings: {value: item}}
)";

struct Arrays : testing::TestWithParam<std::string> {
  void SetUp() override {
    if (!databases.available()) GTEST_SKIP() << "no PostgreSQL here";
    StoreOptions options{owner.group, "cluster", {{TopicName{"t"}, "id-1"}}, mappings_of(mappings), {}, databases.folder()};
    options.database.url = databases.url(), options.database.create = true;
    work = *store_work(options, registry, Log::silent());
    worker = *work.make_worker({"cluster", [this](std::span<const runner::Rejected> rejected) -> Result<void> {
                                  for (const auto& one : rejected)
                                    dead.push_back(std::to_string(one.record->offset().get()) + " " + one.error.message);
                                  return {};
                                }});
  }
  std::vector<std::string> handle(const std::vector<std::string>& data, std::int64_t offset = 0, const std::string& id = "") {
    std::vector<model::Record> records;
    for (const auto& one : data) records.push_back(record_of({.offset = offset++, .id = id, .data = one}));
    std::vector<const model::Record*> pointers;
    for (const auto& record : records) pointers.push_back(&record);
    std::vector<std::string> all;
    for (const auto& verdict : worker->handle(pointers))
      all.emplace_back(std::holds_alternative<runner::Done>(verdict) ? std::string(std::get<runner::Done>(verdict).how) : "?");
    return all;
  }
  std::vector<std::string> query(const std::string& sql) { return lines(*databases.open(), sql); }

  using Words = std::vector<std::string>;
  Databases databases{GetParam()};
  Registry registry;
  runner::Work work;
  std::unique_ptr<runner::Worker> worker;
  std::vector<std::string> dead;
};

TEST_P(Arrays, EachElementIsARow) {
  EXPECT_EQ(handle({R"({"text":"a b","words":[{"word":"a","at":{"start":0.5}},{"word":"b"}],"tags":{"x":1,"y":2},"list":["p",3]})",
                    R"({"text":"none"})", R"({"text":"null","words":null,"list":[]})"}),
            (Words{"stored", "stored", "stored"}));
  EXPECT_EQ(query("SELECT n, word, start, transcript_id FROM words ORDER BY n"),
            (Words{"0|a|0.5|" + id_of(0), "1|b|-|" + id_of(0)}));
  EXPECT_EQ(query("SELECT sequence, w_tag, w_tag_n FROM transcripts_tags ORDER BY 1"), (Words{"0|x|1", "1|y|2"}));
  EXPECT_EQ(query("SELECT sequence, item FROM transcripts_list ORDER BY 1"), (Words{"0|p", "1|3"}));
  EXPECT_EQ(query("SELECT count(*) FROM transcripts"), (Words{"3"}));
}

TEST_P(Arrays, ARepeatAddsNothing) {
  auto data = R"({"text":"a","words":[{"word":"a"}]})";
  handle({data}, 0, id_of(7));
  EXPECT_EQ(handle({data}, 1, id_of(7)), (Words{"repeated"}));
  EXPECT_EQ(query("SELECT count(*) FROM words"), (Words{"1"}));
}

TEST_P(Arrays, AnIdentityWithOtherDataStoresNoElements) {
  handle({R"({"text":"a","words":[{"word":"a"}]})"}, 0, id_of(7));
  EXPECT_EQ(handle({R"({"text":"b","words":[{"word":"b"},{"word":"c"}]})"}, 1, id_of(7)), (Words{"dead"}));
  EXPECT_EQ(query("SELECT word FROM words"), (Words{"a"}));
  EXPECT_EQ(dead.size(), 1U);
}

TEST_P(Arrays, AnElementThatCannotBeARowTakesItsMessageAlong) {
  EXPECT_EQ(handle({R"({"text":"a","words":[{"word":"a"}]})", R"({"text":"b","words":[{"word":"b"},{"at":{"start":"north"}}]})",
                    R"({"text":"c","words":"c"})", R"({"text":"d","words":[{"word":"d"}]})"}),
            (Words{"stored", "dead", "dead", "stored"}));
  EXPECT_EQ(query("SELECT text FROM transcripts ORDER BY 1"), (Words{"a", "d"}));
  EXPECT_EQ(query("SELECT word FROM words ORDER BY 1"), (Words{"a", "d"}));
  ASSERT_EQ(dead.size(), 2U);
  EXPECT_NE(dead[0].find("data.words.1"), std::string::npos) << dead[0];
  EXPECT_NE(dead[1].find("data.words is \"c\", no array"), std::string::npos) << dead[1];
}

TEST_P(Arrays, WhatTheDatabaseRefusesOfAnElementTakesItsMessageAlong) {
  handle({R"({"text":"first"})"});  // makes the tables
  auto database = databases.open();
  std::vector<std::string> alter{
      GetParam() == "sqlite" ? "CREATE TRIGGER no_curse BEFORE INSERT ON words WHEN NEW.word = 'curse' BEGIN SELECT RAISE(ABORT, 'cursing'); END"
                             : "ALTER TABLE words ADD CONSTRAINT no_curse CHECK (word <> 'curse')"};
  ASSERT_TRUE(database->apply(alter));
  EXPECT_EQ(handle({R"({"text":"a","words":[{"word":"a"}]})", R"({"text":"b","words":[{"word":"b"},{"word":"curse"}]})",
                    R"({"text":"c","words":[{"word":"c"}]})"},
                   1),
            (Words{"stored", "dead", "stored"}));
  EXPECT_EQ(query("SELECT text FROM transcripts ORDER BY 1"), (Words{"a", "c", "first"}));
  EXPECT_EQ(query("SELECT word FROM words ORDER BY 1"), (Words{"a", "c"}));
  EXPECT_EQ(dead.size(), 1U);
  EXPECT_EQ(handle({R"({"text":"d"})"}, 4), (Words{"stored"}));
}

INSTANTIATE_TEST_SUITE_P(Databases, Arrays, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace loom::sink
