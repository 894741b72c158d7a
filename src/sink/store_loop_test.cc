// The sink in the consume loop: what its transaction fails of says nothing of the records that were in it.
#include "runner/loop_fixture.h"
#include "sink/sink_fixture.h"
#include "sink/store_work.h"

namespace loom::sink {
namespace {

struct StoreLoop : runner::ConsumeLoopTest {
  StoreLoop() {
    options_.output.reset();
    StoreOptions store{options_.group, "cluster", {{TopicName{"in"}, "id-1"}}, mappings_of(R"(
topics:
  in: {table: gps, field_mappings: {data.lat: lat}, data_types: {lat: float}}
)"),
                       {},             databases.folder()};
    store.database.url = databases.url(), store.database.create = true;
    auto made = store_work(std::move(store), registry_, Log::silent());
    EXPECT_TRUE(made);
    work_ = *std::move(made);
  }
  void put_message(int partition, std::int64_t offset, std::string data) {
    auto record = record_of({.topic = "in", .partition = partition, .offset = offset, .data = std::move(data)});
    kafka_.put({"in", partition, offset, 0, {}, std::string(record.value()), {}});
  }

  Databases databases{"sqlite"};
};

TEST_F(StoreLoop, ADeadLetterThatCanNotBeWrittenIsNotBlamedOnTheRecordsBesideIt) {
  int failures = 6;  // more than a record has attempts
  kafka_.deliver = [&](const model::OutRecord&) {
    return failures-- > 0 ? runner::error_of(ErrorKind::not_found) : std::nullopt;
  };
  for (int partition : {0, 1})
    for (std::int64_t offset = 0; offset < 3; ++offset)
      put_message(partition, offset, partition == 0 && offset == 1 ? R"({"lat":"north"})" : R"({"lat":1})");
  start();
  kafka_.assign({at(0), at(1)});
  ASSERT_TRUE(wait_for_commit(0, 3) && wait_for_commit(1, 3));
  stop();
  EXPECT_EQ(failures, -1);
  EXPECT_EQ(runner::header_of(kafka_.of("dlq.g").at(0), runner::header::error_kind), "invalid_value");
  EXPECT_EQ(settled("dead"), 1u);
  EXPECT_EQ(lines(*databases.open(), "SELECT kafka_partition, kafka_offset FROM gps ORDER BY 1, 2"),
            (Names{"0|0", "0|2", "1|0", "1|1", "1|2"}));
}

TEST_F(StoreLoop, AWriteThatThrowsComesAgainWithoutLimit) {
  int throws = 6;
  auto make = work_.make_worker;
  work_.make_worker = [&, make](const runner::WorkerContext& context) -> Result<std::unique_ptr<runner::Worker>> {
    auto own = make(context);
    if (!own) return own;
    std::shared_ptr<runner::Worker> worker = *std::move(own);
    return std::make_unique<runner::FunctionWorker>([&, worker](std::span<const model::Record* const> records) {
      if (throws-- > 0) throw std::runtime_error("boom");
      return worker->handle(records);
    });
  };
  put_message(0, 0, R"({"lat":1})");
  start();
  kafka_.assign({at(0)});
  ASSERT_TRUE(wait_for_commit(0, 1));
  stop();
  EXPECT_EQ(settled("stored"), 1u);
  EXPECT_TRUE(kafka_.of("dlq.g").empty());
}

}  // namespace
}  // namespace loom::sink
