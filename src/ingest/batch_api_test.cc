#include "ingest/running_api.h"

namespace loom::ingest {
namespace {

TEST(Batch, tells_one_result_a_record_in_order) {
  Running running;
  auto client = running.client();
  std::string bad = R"({"message_type_id":"gps_reading","device_id":"d","data":{"latitude":91,"longitude":1}})";
  auto answer = post(client, "[" + with_id(id) + "," + bad + "," + std::string(good) + "]", "/ingest/batch");
  EXPECT_EQ(answer.status, 207) << answer.body;
  EXPECT_EQ(answer.integer("accepted"), 2);
  EXPECT_EQ(answer.integer("rejected"), 1);
  EXPECT_EQ(answer.text("results.0.status"), "success");
  EXPECT_EQ(answer.text("results.0.message_id"), id);
  EXPECT_EQ(answer.integer("results.0.offset"), 100);
  EXPECT_EQ(answer.text("results.1.status"), "error");
  EXPECT_EQ(answer.integer("results.1.index"), 1);
  EXPECT_EQ(answer.integer("results.1.http_status"), 422);
  EXPECT_EQ(answer.text("results.1.field"), "data.latitude");
  EXPECT_EQ(answer.text("results.2.message_type"), "gps_reading");
  EXPECT_EQ(answer.integer("results.2.offset"), 101);
}

TEST(Batch, takes_every_form) {
  Running running;
  auto client = running.client();
  const std::string line(good);
  struct Row {
    std::string body;
    std::string_view content_type;
    int status, accepted, rejected;
  };
  const Row rows[] = {
      {"[]", "application/json", 200, 0, 0},
      {"[" + line + "," + line + "]", "application/json", 200, 2, 0},
      {line + "\n" + line + "\n", "application/x-ndjson", 200, 2, 0},
      {line + "\n" + line, "application/json", 200, 2, 0},
      {line + "\n{broken\n" + line, "application/x-ndjson", 207, 2, 1},
      {"[" + line + R"(,{"message_type_id":"digital_note","device_id":"d","data":{"x":"\u0000"}}])", "application/json",
       207, 1, 1},
      {"[5]", "application/json", 207, 0, 1},
      {"[" + line + ",{broken}]", "application/json", 400, -1, -1},
      {"[" + line, "application/json", 400, -1, -1},
      {"", "application/json", 400, -1, -1},
      {line, "application/xml", 415, -1, -1},
  };
  std::size_t sent = 0;
  for (const auto& row : rows) {
    auto answer = Answer(client.post("/ingest/batch", {.body = row.body, .content_type = row.content_type}));
    EXPECT_EQ(answer.status, row.status) << row.body << answer.body;
    EXPECT_EQ(answer.integer("accepted"), row.accepted) << answer.body;
    EXPECT_EQ(answer.integer("rejected"), row.rejected) << answer.body;
    sent += static_cast<std::size_t>(std::max(row.accepted, 0));
    EXPECT_EQ(running.broker->sent().size(), sent) << row.body;  // a body that can't be parsed sends nothing
  }
}

TEST(Batch, has_a_limit_of_records) {
  auto catalogue = test_catalogue();
  catalogue.api.max_batch_records = 2;
  Running running(catalogue);
  auto client = running.client();
  auto answer =
      post(client, "[" + std::string(good) + "," + std::string(good) + "," + std::string(good) + "]", "/ingest/batch");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.integer("limit"), 2);
}

TEST(Batch, sends_nothing_after_the_first_that_found_no_room) {
  std::string three = "[" + std::string(good) + "," + std::string(good) + "," + std::string(good) + "]";
  Error full{ErrorKind::full, "the producer is full", {}, {}, {}};
  {
    Running running;
    running.broker->refuse_after(1, full);
    auto client = running.client();
    auto answer = post(client, three, "/ingest/batch");
    EXPECT_EQ(answer.status, 207) << answer.body;
    EXPECT_EQ(answer.integer("accepted"), 1);
    EXPECT_EQ(answer.text("results.2.type"), "urn:loom:problem:full");
    EXPECT_GE(answer.integer("results.2.retry_after"), 1);
  }
  Running running;
  running.broker->refuse_after(0, full);
  auto client = running.client();
  auto answer = post(client, three, "/ingest/batch");
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_NE(answer.retry_after, "");
}

TEST(Batch, waits_for_all_together_and_tells_what_is_unknown) {
  auto catalogue = test_catalogue();
  catalogue.api.ack_timeout = 20ms;
  Running running(catalogue);
  running.broker->set(Mode::hold);
  auto client = running.client();
  auto answer = post(client, "[" + with_id(id) + "," + std::string(good) + "]", "/ingest/batch");
  EXPECT_EQ(answer.status, 207) << answer.body;
  EXPECT_EQ(answer.integer("accepted"), 0);
  EXPECT_EQ(answer.text("results.0.outcome"), "unknown");
  EXPECT_EQ(answer.text("results.0.message_id"), id);
  EXPECT_EQ(answer.text("results.1.message_id").size(), 36u);
  EXPECT_EQ(running.broker->sent().size(), 2u);  // both were sent before either was waited for
}

}  // namespace
}  // namespace loom::ingest
