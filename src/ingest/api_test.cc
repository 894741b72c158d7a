#include "ingest/running_api.h"

namespace loom::ingest {
namespace {

TEST(Api, answers_with_where_the_message_lies) {
  Running running;
  auto client = running.client();
  auto answer = Answer(client.post(
      "/ingest/message",
      {.body = with_id(id), .headers = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}}));
  ASSERT_EQ(answer.status, 200) << answer.body;
  auto sent = running.broker->sent();
  ASSERT_EQ(sent.size(), 1u);
  json::Document document;
  auto value = document.parse(sent[0].value);
  ASSERT_TRUE(value);
  auto timestamp = std::string(*value->at_path("timestamp")->string());
  EXPECT_EQ(answer.body, R"({"status":"success","message_id":")" + std::string(id) +
                             R"(","message_type":"digital_note","topic":"digital.notes.raw",)"
                             R"("partition":3,"offset":100,"timestamp":")" +
                             timestamp + R"(","trace_id":"0af7651916cd43dd8448eb211c80319c"})");
  EXPECT_EQ(*value->at_path("message_id")->string(), id);
  EXPECT_EQ(*value->at_path("trace_id")->string(), "0af7651916cd43dd8448eb211c80319c");
}

TEST(Api, gives_each_message_a_later_timestamp) {
  ApiHooks hooks;
  hooks.clock = [] { return Micros{1795435200000000}; };  // stands still
  Running running(test_catalogue(), hooks);
  auto client = running.client();
  auto first = post(client, good).text("timestamp"), second = post(client, good).text("timestamp");
  EXPECT_EQ(first.substr(0, 20), "2026-11-23T12:00:00.");
  EXPECT_LT(first, second);
}

TEST(Api, tells_every_error_as_a_problem) {
  auto catalogue = test_catalogue();
  catalogue.api.max_body = config::Bytes{2000};
  Running running(catalogue);
  struct Row {
    std::string body, content_type;
    int status;
    const char* kind;
    const char* field;
  };
  const std::string json = "application/json";
  const Row rows[] = {
      {"nonsense", json, 400, "malformed", ""},
      {R"({"message_type_id":"gps_reading","device_id":"d","data":{"latitude":1}})", json, 400, "missing_field",
       "data.longitude"},
      {R"({"message_type_id":"screenshot","device_id":"d","data":{"image_data":"*","width":1}})", json, 400,
       "malformed", "data.image_data"},
      {R"({"message_type_id":"gps","device_id":"d","data":{}})", json, 404, "not_found", "message_type_id"},
      {R"({"message_type_id":"gps_reading","device_id":"d","data":{"latitude":91,"longitude":1}})", json, 422,
       "invalid_value", "data.latitude"},
      {with_id("42"), json, 422, "invalid_value", "message_id"},
      {std::string(good), "text/plain", 415, "unsupported_media", "Content-Type"},
      {std::string(2001, ' '), json, 413, "too_large", ""},
  };
  for (const auto& row : rows) {
    auto client = running.client();
    auto reply = client.post("/ingest/message", {.body = row.body, .content_type = row.content_type});
    ASSERT_TRUE(reply) << row.body;
    EXPECT_EQ(reply->header("content-type"), "application/problem+json");
    Answer answer(std::move(reply));
    EXPECT_EQ(answer.status, row.status) << answer.body;
    EXPECT_EQ(answer.integer("status"), row.status) << answer.body;
    EXPECT_EQ(answer.text("type"), "urn:loom:problem:" + std::string(row.kind)) << answer.body;
    EXPECT_EQ(answer.text("field"), row.field) << answer.body;
    EXPECT_NE(answer.text("title"), "") << answer.body;
    EXPECT_NE(answer.text("remedy"), "") << answer.body;
  }
  EXPECT_TRUE(running.broker->sent().empty());
}

TEST(Api, answers_only_after_the_acknowledgement) {
  Running running;
  running.broker->set(Mode::hold);
  auto client = running.client();
  std::atomic<bool> answered{false};
  std::thread asking([&] {
    auto answer = post(client, good);
    answered = true;
    EXPECT_EQ(answer.status, 200);
  });
  running.broker->wait_for(1);
  EXPECT_FALSE(answered);
  running.broker->release();
  asking.join();
}

TEST(Api, tells_an_unknown_outcome_with_the_id) {
  auto catalogue = test_catalogue();
  catalogue.api.ack_timeout = 20ms;
  Running running(catalogue);
  running.broker->set(Mode::hold);
  auto client = running.client();
  auto answer = post(client, good);
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_EQ(answer.text("outcome"), "unknown");
  EXPECT_EQ(answer.text("message_id").size(), 36u);
  EXPECT_NE(answer.retry_after, "");
  EXPECT_EQ(post(client, with_id(id)).text("message_id"), id);
  running.broker->release();  // late: nobody waits any more
  running.broker->set(Mode::ack_at_once);
  EXPECT_EQ(post(client, with_id(id)).status, 200);
}

TEST(Api, tells_what_kafka_refused) {
  struct Row {
    ErrorKind kind;
    int status;
    const char* outcome;
    const char* code = "";
  };
  for (auto row : {Row{ErrorKind::timeout, 503, "unknown"}, Row{ErrorKind::unavailable, 503, "unknown"},
                   Row{ErrorKind::too_large, 413, ""}, Row{ErrorKind::not_found, 503, "unknown"},
                   Row{ErrorKind::invalid_value, 422, ""}, Row{ErrorKind::internal, 503, "unknown"},
                   Row{ErrorKind::invalid_value, 503, "unknown", "INVALID_TIMESTAMP"}}) {
    Running running;
    running.broker->set(Mode::hold);
    auto client = running.client();
    std::thread asking([&] {
      auto answer = post(client, with_id(id));
      EXPECT_EQ(answer.status, row.status) << answer.body;
      EXPECT_EQ(answer.text("outcome"), row.outcome) << answer.body;
      EXPECT_EQ(answer.retry_after.empty(), row.status != 503) << answer.body;
    });
    running.broker->wait_for(1);
    running.broker->release(Error{row.kind, "as the test says", {}, {}, row.code});
    asking.join();
  }
}

TEST(Api, is_full_when_the_producer_or_the_budget_is) {
  Running running;
  running.broker->refuse_after(0, Error{ErrorKind::full, "the producer is full", {}, {}, {}});
  auto client = running.client();
  auto answer = post(client, good);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.text("type"), "urn:loom:problem:full");
  EXPECT_NE(answer.retry_after, "");
  EXPECT_EQ(answer.text("outcome"), "");  // known: not taken

  auto catalogue = test_catalogue();
  catalogue.api.budget = config::Bytes{100};
  Running small(catalogue);
  small.broker->set(Mode::hold);
  auto first = small.client();
  std::thread asking([&] { EXPECT_EQ(post(first, good).status, 200); });  // let in: nothing else is held
  small.broker->wait_for(1);
  auto second = small.client();
  EXPECT_EQ(post(second, good).status, 503);
  EXPECT_EQ(Answer(second.get("/readyz")).status, 503);
  small.broker->release();
  asking.join();
}

TEST(Api, completes_what_a_client_left_behind) {
  Running running;
  running.broker->set(Mode::hold);
  {
    auto wire = http::Wire::connect("127.0.0.1", running.api->port(), 5s);
    ASSERT_TRUE(wire->send("POST /ingest/message HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                               std::to_string(good.size()) + "\r\n\r\n" + std::string(good),
                           http::Wire::Clock::now() + 5s));
    running.broker->wait_for(1);
  }
  running.broker->release();
  running.broker->set(Mode::ack_at_once);
  auto client = running.client();
  EXPECT_EQ(post(client, good).status, 200);
  EXPECT_NE(Answer(client.get("/metrics")).body.find(R"(loom_ingest_accepted_total{type="gps_reading"} 2)"),
            std::string::npos);
}

TEST(Api, answers_what_is_in_flight_when_it_stops) {
  Running running;
  running.broker->set(Mode::hold);
  auto client = running.client();
  std::thread asking([&] { EXPECT_EQ(post(client, good).status, 200); });
  running.broker->wait_for(1);
  running.stop = true;
  running.broker->release();
  asking.join();
  running.finish();
}

TEST(Api, describes_its_types) {
  Running running;
  auto client = running.client();
  auto all = Answer(client.get("/ingest/message-types"));
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.integer("count"), 4);
  auto one = Answer(client.get("/ingest/message-types/screenshot"));
  EXPECT_EQ(one.text("topic"), "device.video.screen.raw");
  EXPECT_EQ(one.text("pipeline_hint"), "direct_storage");
  EXPECT_EQ(one.text("fields.0.kind"), "base64");
  EXPECT_EQ(one.integer("limits.max_message_bytes"), 1 << 20);
  auto none = Answer(client.get("/ingest/message-types/screenshit"));
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.text("near.0"), "screenshot");
}

TEST(Api, documents_what_it_serves) {
  Running running;
  auto client = running.client();
  auto answer = Answer(client.get("/openapi.json"));
  EXPECT_EQ(answer.text("openapi"), "3.1.0");
  auto paths = answer.value.get("paths");
  ASSERT_TRUE(paths);
  std::size_t served = 0;
  paths->each_member([&](std::string_view path, json::Value) {
    auto reply = client.get(path);
    served += reply && reply->status != 404;
  });
  EXPECT_EQ(served, paths->size() - 1);  // all but the one with a parameter
  EXPECT_EQ(paths->size(), 10u);
  EXPECT_TRUE(paths->get("/ingest/message")->get("post"));
}

TEST(Api, is_ready_while_a_broker_answers) {
  ApiHooks hooks;
  hooks.replicas = [] { return std::optional<int>(1); };
  Running running(test_catalogue(), hooks);
  auto client = running.client();
  auto ready = Answer(client.get("/readyz"));
  EXPECT_EQ(ready.status, 200) << ready.body;
  while (Answer(client.get("/readyz")).integer("replicas") != 1) std::this_thread::yield();
  running.broker->answered_ago(6000ms);
  auto away = Answer(client.get("/readyz"));
  EXPECT_EQ(away.status, 503);
  EXPECT_NE(away.text("reasons.0").find("kafka.bootstrap"), std::string::npos) << away.body;
  auto refused = post(client, good);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.text("type"), "urn:loom:problem:unavailable");
  EXPECT_EQ(refused.text("outcome"), "");  // it was not taken
  EXPECT_EQ(refused.retry_after, "3");
  EXPECT_EQ(post(client, "[" + std::string(good) + "]", "/ingest/batch").status, 503);
  EXPECT_EQ(Answer(client.get("/healthz")).status, 200);
  EXPECT_NE(Answer(client.get("/metrics")).body.find("loom_ingest_ready 0"), std::string::npos);
}

TEST(Api, counts_what_it_refuses) {
  Running running;
  auto client = running.client();
  post(client, R"({"message_type_id":"gps_reading","device_id":"d","data":{"latitude":91,"longitude":1}})");
  post(client, "nonsense");
  auto metrics = Answer(client.get("/metrics")).body;
  EXPECT_NE(metrics.find("loom_ingest_rejected_total"), std::string::npos);
  EXPECT_NE(metrics.find("invalid_value"), std::string::npos);
  EXPECT_NE(metrics.find("malformed"), std::string::npos);
}

TEST(Api, serves_from_several_threads) {
  auto catalogue = test_catalogue();
  catalogue.api.threads = 2;
  Running running(catalogue);
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&] {
      auto client = running.client();
      for (int i = 0; i < 50; ++i) right += post(client, good).status == 200;
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right.load(), 200);
}

TEST(Api, names_a_port_in_use) {
  Running running;
  auto catalogue = test_catalogue();
  catalogue.api.listen = "127.0.0.1:" + std::to_string(running.api->port());
  Registry registry;
  auto second = Api::open(catalogue, std::make_shared<FakeBroker>()->producer(), registry, Log::silent(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace loom::ingest
