// The sink as the runner sees it: verdicts, dead letters, offsets. On SQLite; the databases have their own contract.
#include "sink/store_work.h"

#include "sink/sink_fixture.h"

namespace loom::sink {
namespace {

constexpr const char* two_tables = R"(
topics:
  t: {table: gps, field_mappings: {data.lat: lat}, data_types: {lat: float}, required_fields: [data.lat]}
  u: {table: notes, field_mappings: {data.note: note}}
)";

struct StoreWork : testing::Test {
  void SetUp() override { start({.create = true}); }

  struct Tables {
    bool create;
  };
  void start(Tables create) {
    StoreOptions options{
        owner.group, "cluster",         {{TopicName{"t"}, "id-1"}, {TopicName{"u"}, "id-2"}}, mappings_of(two_tables),
        {},          databases.folder()};
    options.ask_marks = [this](std::span<const model::TopicPartition>) { return marks; };
    options.database.url = databases.url(), options.database.create = create.create;
    auto made = store_work(options, registry, Log::silent());
    ASSERT_TRUE(made);
    work = *std::move(made);
    worker = new_worker();
  }
  std::unique_ptr<runner::Worker> new_worker() {
    auto made =
        work.make_worker({"cluster", [this](std::span<const runner::Rejected> rejected) -> Result<void> {
                            if (dead_letters_away) return fail(ErrorKind::unavailable, "no broker");
                            for (const auto& one : rejected)
                              dead.push_back(std::to_string(one.record->offset().get()) + " " + one.error.message);
                            return {};
                          }});
    EXPECT_TRUE(made);
    return *std::move(made);
  }
  std::vector<std::string> handle(const std::vector<Message>& messages, runner::Worker* by = nullptr) {
    std::vector<model::Record> records;
    for (const auto& message : messages) records.push_back(record_of(message));
    std::vector<const model::Record*> pointers;
    for (const auto& record : records) pointers.push_back(&record);
    std::vector<std::string> all;
    for (const auto& verdict : (by ? by : worker.get())->handle(pointers)) {
      if (auto* done = std::get_if<runner::Done>(&verdict)) all.emplace_back(done->how);
      if (auto* retry = std::get_if<Retry>(&verdict))
        all.push_back("retry " + std::string(traits_of(retry->error.kind).name));
      if (auto* moved = std::get_if<runner::Reposition>(&verdict))
        all.push_back("to " + std::to_string(moved->next.get()));
    }
    return all;
  }
  std::vector<std::string> query(const std::string& sql) {
    auto database = databases.open();
    return lines(*database, sql);
  }
  void execute(const std::string& sql) { ASSERT_TRUE(databases.open()->apply(std::vector{sql})); }
  Offset started_at(int partition) {
    model::TopicPartition one{TopicName{"t"}, Partition{partition}};
    auto offsets = work.start_offsets(std::vector{one});
    EXPECT_TRUE(offsets);
    return offsets->at(one);
  }

  using Words = std::vector<std::string>;
  Databases databases{"sqlite"};
  Registry registry;
  runner::Work work;
  std::unique_ptr<runner::Worker> worker;
  std::vector<std::string> dead;
  Positions::Marks marks;
  bool dead_letters_away = false;
};

Message good(std::int64_t offset, int partition = 0) {
  return {.partition = partition, .offset = offset, .data = R"({"lat":1})"};
}

TEST_F(StoreWork, StoresBadRecordsBecomeDeadLettersTheOffsetPassesBoth) {
  auto replay = good(13);
  replay.replay_for = "another-group";
  Message torn{.offset = 12};
  torn.value = "{";
  EXPECT_EQ(handle({good(10),
                    {.offset = 11, .data = R"({"lat":"north"})"},
                    torn,
                    replay,
                    {.offset = 14, .data = "{}"},
                    good(17)}),
            (Words{"stored", "dead", "dead", "not_ours", "dead", "stored"}));
  ASSERT_EQ(dead.size(), 3u);
  EXPECT_EQ(dead[0], "11 column 'lat' wants a float, data.lat is a string ('north')");
  EXPECT_EQ(query("SELECT topic, topic_id, kafka_partition, next_offset FROM loom_offsets"), (Words{"t|id-1|0|18"}));
  EXPECT_EQ(started_at(0), Offset{18});
  EXPECT_EQ(started_at(1), Offset{0});
}

TEST_F(StoreWork, WhatIsStoredIsNotStoredAgain) {
  EXPECT_EQ(handle({good(0), good(1)}), (Words{"stored", "stored"}));
  EXPECT_EQ(handle({good(0), good(1), good(2)}), (Words{"repeated", "repeated", "stored"}));
  EXPECT_EQ(query("SELECT count(*) FROM gps"), (Words{"3"}));
}

TEST_F(StoreWork, NothingIsCommittedBeforeTheDeadLetterIs) {
  dead_letters_away = true;
  EXPECT_EQ(handle({good(0), {.offset = 1}}), (Words{"retry unavailable", "retry unavailable"}));
  EXPECT_EQ(query("SELECT count(*) FROM gps"), (Words{"0"}));
  dead_letters_away = false;
  EXPECT_EQ(handle({good(0), {.offset = 1}}), (Words{"stored", "dead"}));
  EXPECT_EQ(dead.size(), 1u);
}

TEST_F(StoreWork, AZombieStepsAsideAndTheOtherPartitionsGoOn) {
  EXPECT_EQ(handle({good(0), good(0, 1)}), (Words{"stored", "stored"}));
  execute("UPDATE loom_offsets SET next_offset = 5 WHERE kafka_partition = 0");  // another member took over
  EXPECT_EQ(handle({good(1), good(2), good(1, 1)}), (Words{"to 5", "to 5", "stored"}));
  EXPECT_EQ(query("SELECT kafka_partition, kafka_offset FROM gps ORDER BY 1, 2"), (Words{"0|0", "1|0", "1|1"}));
  EXPECT_EQ(handle({good(5)}), (Words{"stored"}));
}

TEST_F(StoreWork, ATableThatDoesNotFitHoldsBackItsOwnTopicOnlyAndResumes) {
  Message note{.topic = "u", .offset = 0, .data = R"({"note":"x"})"};
  EXPECT_EQ(handle({good(0), note}), (Words{"stored", "stored"}));
  start({.create = false});
  EXPECT_EQ(handle({good(1)}), (Words{"stored"}));
  execute("ALTER TABLE gps DROP COLUMN lat");
  note.offset = 1;
  EXPECT_EQ(handle({good(2), note}), (Words{"retry schema", "stored"}));
  note.offset = 2;
  EXPECT_EQ(handle({good(2), note}), (Words{"retry schema", "stored"}));
  execute("ALTER TABLE gps ADD COLUMN lat REAL");
  EXPECT_EQ(handle({good(2)}), (Words{"stored"}));
}

TEST_F(StoreWork, ATopicOfAnotherIdStartsAtItsBeginning) {
  EXPECT_EQ(handle({good(0), good(1)}), (Words{"stored", "stored"}));
  execute("UPDATE loom_offsets SET topic_id = 'earlier'");
  start({.create = true});
  EXPECT_EQ(started_at(0), Offset{0});
  EXPECT_EQ(handle({good(0), good(1), good(2)}), (Words{"repeated", "repeated", "stored"}));
}

TEST_F(StoreWork, NewRecordsWhereKafkaHasLostOthersAreStored) {
  EXPECT_EQ(handle({good(0), good(1), good(2)}), (Words{"stored", "stored", "stored"}));
  marks = {{{TopicName{"t"}, Partition{0}}, {Offset{0}, Offset{2}}}};
  EXPECT_EQ(started_at(0), Offset{0});
  auto other = good(1);
  other.id = "7b0b2f3e-0000-4000-8000-000000000009";
  EXPECT_EQ(handle({good(0), other}), (Words{"repeated", "stored"}));
  EXPECT_EQ(query("SELECT next_offset FROM loom_offsets"), (Words{"2"}));
  marks = {{{TopicName{"t"}, Partition{0}}, {Offset{0}, Offset{5}}}};
  EXPECT_EQ(started_at(0), Offset{2});
  other.id = "7b0b2f3e-0000-4000-8000-000000000010";  // read on without a new assignment
  EXPECT_EQ(handle({good(0), other}), (Words{"repeated", "stored"}));
  EXPECT_EQ(query("SELECT next_offset FROM loom_offsets"), (Words{"2"}));
}

/// Their identity follows from cluster, topic, partition and offset, and those are the earlier topic's again.
TEST_F(StoreWork, RecordsWithoutAnIdFallOnTheRowsOfAnEarlierTopic) {
  auto foreign = [](std::int64_t offset, const std::string& lat) {
    Message message{.offset = offset};
    message.value = R"({"data":{"lat":)" + lat + "}}";
    return message;
  };
  EXPECT_EQ(handle({foreign(0, "1"), foreign(1, "2")}), (Words{"stored", "stored"}));
  execute("UPDATE loom_offsets SET topic_id = 'earlier'");
  start({.create = true});
  EXPECT_EQ(started_at(0), Offset{0});
  EXPECT_EQ(handle({foreign(0, "1"), foreign(1, "3"), foreign(2, "3")}), (Words{"repeated", "dead", "stored"}));
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_NE(dead[0].find("with other data"), std::string::npos) << dead[0];
}

TEST_F(StoreWork, ADatabaseThatIsAwayIsWaitedFor) {
  execute("CREATE TABLE other (a)");
  auto away = std::filesystem::path(databases.folder()) / "test.db";
  std::filesystem::rename(away, away.string() + ".away");
  std::filesystem::create_directory(away);
  auto another = new_worker();
  EXPECT_EQ(handle({good(0)}, another.get()), (Words{"retry unavailable"}));
  model::TopicPartition one{TopicName{"t"}, Partition{0}};
  EXPECT_EQ(work.start_offsets(std::vector{one}).error().kind, ErrorKind::unavailable);
  std::filesystem::remove(away);
  EXPECT_EQ(handle({good(0)}, another.get()), (Words{"stored"}));
}

TEST_F(StoreWork, ColumnsWithADefaultAreLeftToTheDatabase) {
  auto database = databases.open();
  ASSERT_TRUE(
      database->apply(std::vector<std::string>{"CREATE TABLE notes (id INTEGER PRIMARY KEY, message_id TEXT, part "
                                               "TEXT, note TEXT DEFAULT 'none', UNIQUE (message_id, part))"}));
  EXPECT_EQ(handle({{.topic = "u", .offset = 0}, {.topic = "u", .offset = 1, .data = R"({"note":"x"})"}}),
            (Words{"stored", "stored"}));
  EXPECT_EQ(query("SELECT id, note FROM notes ORDER BY id"), (Words{"1|none", "2|x"}));
}

TEST(StoreWorkUrl, AnUnknownSchemeIsAFault) {
  Registry registry;
  StoreOptions options;
  options.database.url = "mysql://x";
  auto work = store_work(options, registry, Log::silent());
  ASSERT_FALSE(work);
  EXPECT_EQ(work.error().kind, ErrorKind::configuration);
}

}  // namespace
}  // namespace loom::sink
