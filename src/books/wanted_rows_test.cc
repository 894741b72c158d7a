// Rows are found again after the sink itself has written them: by identity, by a key of the mapping's own, and those of
// arrays. On both databases.
#include "books/wanted_rows.h"

#include "sink/sink_fixture.h"
#include "sink/store_work.h"

namespace loom::books {
namespace {

using sink::Message;

constexpr const char* mappings_yaml = R"(
topics:
  plain: {table: plain}
  keyed:
    table: keyed
    field_mappings: {data.day: day, data.at: at, data.level: level, data.ok: ok, data.n: n}
    data_types: {day: string, at: timestamp, level: float, ok: boolean, n: integer}
    upsert_key: "device_id, day, at, level, ok, n"
  first: {table: shared, field_mappings: {data.n: n}, data_types: {n: integer}}
  second: {table: shared, field_mappings: {data.n: n}, data_types: {n: integer}}
  arrays:
    table: transcripts
    field_mappings: {data.text: text}
    array_mappings:
      data.words: {element_mappings: {word: word}, sequence_field: n, table: words, foreign_key_mapping: transcript_id}
      data.list: {element_mappings: {value: item}}
)";

struct WantedRowsTest : testing::TestWithParam<std::string> {
  void SetUp() override {
    if (!databases.available()) GTEST_SKIP() << "no PostgreSQL here";
    mappings = sink::mappings_of(mappings_yaml);
    sink::StoreOptions options{sink::owner.group, "cluster", {}, mappings, {}, databases.folder()};
    for (const auto& [topic, mapping] : mappings.topics) options.topic_ids[topic] = topic.get();
    options.database.url = databases.url(), options.database.create = true;
    work = *sink::store_work(options, registry, Log::silent());
    worker = *work.make_worker({"cluster", [](std::span<const runner::Rejected>) -> Result<void> { return {}; }});
    database = databases.open();
  }

  /// Stores the messages of one topic, then looks their rows up.
  std::vector<RowsThere> rows_of(const std::string& topic, std::vector<Message> messages) {
    std::vector<model::Record> records;
    for (auto& message : messages) {
      message.topic = topic, message.offset = next_offset++;
      records.push_back(sink::record_of(message));
    }
    std::vector<const model::Record*> pointers;
    for (const auto& record : records) pointers.push_back(&record);
    (void)worker->handle(pointers);
    return look_up(topic, records);
  }

  std::vector<RowsThere> look_up(const std::string& topic, const std::vector<model::Record>& records) {
    auto wanted = WantedRows::open(*database, mappings, TopicName{topic});
    EXPECT_TRUE(wanted) << to_string(wanted.error());
    notes.assign(records.size(), "");
    std::vector<Entry> entries(records.size());
    std::vector<const Entry*> asked;
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto identity = model::identity_of(records[i], "cluster");
      entries[i].id = *uuid_bytes(identity.message_id);
      wanted->note(records[i], "cluster", entries[i], notes[i]);
      asked.push_back(&entries[i]);
    }
    fingerprint = entries.front().fingerprint;
    auto there = wanted->find(asked);
    EXPECT_TRUE(there) << to_string(there.error());
    return *there;
  }

  sink::Databases databases{GetParam()};
  model::Mappings mappings;
  Registry registry;
  runner::Work work;
  std::unique_ptr<runner::Worker> worker;
  std::unique_ptr<sink::Database> database;
  std::vector<std::string> notes;
  std::uint64_t fingerprint = 0;
  std::int64_t next_offset = 0;
};

TEST_P(WantedRowsTest, ByIdentity) {
  auto there = rows_of("plain", {{.data = R"({"n":1})"}, {.data = R"({"n":2})"}});
  ASSERT_EQ(there.size(), 2u);
  EXPECT_EQ(there[0].rows, 1);
  EXPECT_EQ(there[1].rows, 1);
  EXPECT_EQ(there[0].fingerprints, std::vector<std::uint64_t>{fingerprint});
  ASSERT_TRUE(database->apply(std::vector<std::string>{"DELETE FROM plain"}));
  std::vector<model::Record> first;
  first.push_back(sink::record_of({.topic = "plain", .data = R"({"n":1})"}));
  EXPECT_EQ(look_up("plain", first)[0].rows, 0);
}

TEST_P(WantedRowsTest, ByAKeyOfTheMappingsOwn) {
  const std::string same = R"({"day":"it's","at":"2026-11-25T12:00:00.5+01:00","level":0.1,"ok":true,"n":-3})";
  auto there = rows_of("keyed", {{.data = same}, {.data = same}, {.data = R"({"day":"x"})"}});
  ASSERT_EQ(there.size(), 3u);
  EXPECT_EQ(there[0].rows, 1);
  EXPECT_FALSE(there[0].is_other);
  EXPECT_EQ(there[1].rows, 1);
  EXPECT_TRUE(there[1].is_other);  // merged into the first one's
  EXPECT_TRUE(rows_note(notes[2]).is_refused);  // key columns without a value: a dead letter
}

TEST_P(WantedRowsTest, TopicsThatShareATableHaveRowsOfTheirOwn) {
  std::string id = sink::id_of(7);
  EXPECT_EQ(rows_of("first", {{.id = id, .data = R"({"n":1})"}})[0].rows, 1);
  std::vector<model::Record> other;
  other.push_back(sink::record_of({.topic = "second", .id = id, .data = R"({"n":1})"}));
  EXPECT_EQ(look_up("second", other)[0].rows, 0);
}

TEST_P(WantedRowsTest, RowsOfArraysAreCounted) {
  auto there = rows_of("arrays", {{.data = R"({"text":"a b","words":[{"word":"a"},{"word":"b"}],"list":[7]})"},
                                  {.data = R"({"text":"","words":[]})"}});
  EXPECT_EQ(there[0].rows, 1);
  EXPECT_EQ(there[0].elements, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(rows_note(notes[0]).elements, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(there[1].elements, (std::vector<std::int64_t>{0, 0}));
}

TEST_P(WantedRowsTest, ATableThatIsNotThereIsTold) {
  ASSERT_TRUE(database->apply(std::vector<std::string>{"DROP TABLE IF EXISTS plain"}));
  auto wanted = WantedRows::open(*database, mappings, TopicName{"plain"});
  ASSERT_FALSE(wanted);
  EXPECT_EQ(wanted.error().kind, ErrorKind::schema);
}

INSTANTIATE_TEST_SUITE_P(Databases, WantedRowsTest, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace loom::books
