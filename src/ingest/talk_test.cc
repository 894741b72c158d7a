// The stream of messages through the whole API, with a fake broker and a real WebSocket.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/picture_bytes.h"
#include "http/web_socket_client.h"
#include "ingest/running_api.h"

namespace loom::ingest {
namespace {

using http::WebSocketClient;

Result<WebSocketClient> connect(const Running& running, http::ClientOptions options = {}) {
  return WebSocketClient::connect("ws://127.0.0.1:" + std::to_string(running.api->port()) + "/ingest/stream", options);
}

struct Heard {
  explicit Heard(WebSocketClient& socket) {
    auto message = socket.receive(20s);
    if (!message || !*message) {
      ADD_FAILURE() << (message ? "nothing came" : to_string(message.error()));
      return;
    }
    text = (*message)->bytes;
    root = *document.parse(text);
  }
  std::string at(std::string_view path) {
    auto value = root.at_path(path);
    return value ? value->kind() == json::Kind::string ? std::string(*value->string()) : value->text() : "";
  }
  std::string text;
  json::Document document;
  json::Value root;
};

std::string closed_with(WebSocketClient& socket) {
  while (true) {
    auto message = socket.receive(20s);
    if (!message) return message.error().code;
    if (!*message) return "nothing came";
  }
}

TEST(Talk, answers_each_message_in_order) {
  Running running;
  auto socket = connect(running);
  ASSERT_TRUE(socket) << to_string(socket.error());
  running.broker->set(Mode::hold);
  ASSERT_TRUE(socket->send(with_id(id)));
  ASSERT_TRUE(socket->send("{broken"));
  ASSERT_TRUE(socket->send(R"({"message_type_id":"gps_reading","device_id":"d","data":{},"message_id":")" + std::string(id) + "\"}"));
  running.broker->wait_for(1);
  EXPECT_FALSE(socket->receive(0ms)->has_value()) << "an answer before the ack";
  running.broker->release();
  running.broker->set(Mode::ack_at_once);
  Heard first(*socket), second(*socket), third(*socket);
  EXPECT_EQ(first.at("status"), "success");
  EXPECT_EQ(first.at("message_id"), id);
  EXPECT_EQ(second.at("status"), "400");
  EXPECT_EQ(third.at("status"), "400");
  EXPECT_EQ(third.at("field"), "data.latitude");
  EXPECT_EQ(third.at("message_id"), id);
  ASSERT_TRUE(socket->send(good));
  EXPECT_EQ(Heard(*socket).at("status"), "success");
}

TEST(Talk, carries_media_in_binary_frames) {
  auto catalogue = test_catalogue();
  catalogue.api.budget.count = 1 << 20;  // a frame is held by 64 KiB while it comes
  Running running(catalogue);
  auto socket = connect(running);
  ASSERT_TRUE(socket);
  auto picture = png_bytes(600, 390);
  ASSERT_TRUE(socket->send(R"({"begin":{"message_type_id":"screenshot","device_id":"d","data":{"app": 1.0}}})"));
  for (std::size_t at = 0; at < picture.size(); at += 2)
    ASSERT_TRUE(socket->send(std::string_view(picture).substr(at, 2), true));
  ASSERT_TRUE(socket->send(R"({"end":true})"));
  EXPECT_EQ(Heard(*socket).at("status"), "success");
  json::Document document;
  auto value = running.broker->sent().back().value;
  auto root = *document.parse(value);
  EXPECT_EQ(base64_decode(*root.at_path("data.image_data")->string()), picture);
  EXPECT_EQ(root.at_path("data.width")->integer(), 600);
  EXPECT_NE(value.find("\"app\": 1.0"), std::string::npos);
}

TEST(Talk, refuses_media_once_and_goes_on) {
  Running running;
  auto socket = connect(running);
  ASSERT_TRUE(socket);
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{R"({"begin":{"message_type_id":"nosuch","device_id":"d"}})", "*x", "*x", R"({"end":true})"}, "404"},
      {{R"({"begin":{"message_type_id":"gps_reading","device_id":"d"}})", "*x", R"({"end":true})"}, "422"},
      {{R"({"begin":7})"}, "400"},
      {{R"({"end":true})"}, "400"},
      {{R"({"begin":{"message_type_id":"screenshot"}})", "*x", R"({"end":true})"}, "400"},
      {{R"({"begin":{"message_type_id":"screenshot","device_id":"d"}})", "*" + std::string(1 << 20, 'x'), "*y",
        R"({"end":true})"}, "413"},
      {{R"({"begin":{"message_type_id":"screenshot","device_id":"d"}})", "*x", std::string(good), R"({"end":true})"}, "400"},
      {{"*x"}, "400"},
  };
  for (const auto& [frames, status] : rows) {
    for (const auto& frame : frames) {
      bool binary = frame.starts_with('*');
      ASSERT_TRUE(socket->send(std::string_view(frame).substr(binary ? 1 : 0), binary));
    }
    if (frames.size() == 1 && frames[0].ends_with(":7}")) {
      ASSERT_TRUE(socket->send(R"({"end":true})"));
    }
    EXPECT_EQ(Heard(*socket).at("status"), status) << frames.front();
    ASSERT_TRUE(socket->send(good));
    EXPECT_EQ(Heard(*socket).at("status"), "success") << frames.front();
  }
  EXPECT_NE(Answer(running.client().get("/metrics")).body.find("loom_ingest_bytes_held 0"), std::string::npos);
}

TEST(Talk, a_client_that_reads_no_answers_is_not_read_any_more) {
  auto catalogue = test_catalogue();
  catalogue.api.stream_window = 10;
  Running running(catalogue);
  running.broker->set(Mode::hold);
  auto socket = connect(running);
  ASSERT_TRUE(socket);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(socket->send(good));
  running.broker->wait_for(10);
  auto client = running.client();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Answer(client.get("/healthz")).status, 200);  // the io thread has gone round
  EXPECT_EQ(running.broker->sent().size(), 10u);
  running.broker->set(Mode::ack_at_once);
  running.broker->release();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(Heard(*socket).at("status"), "success");
}

TEST(Talk, a_message_over_the_limit_is_told_then_closed) {
  auto catalogue = test_catalogue();
  catalogue.api.max_body = config::Bytes{100000};
  Running running(catalogue);
  auto socket = connect(running);
  ASSERT_TRUE(socket->send(good));
  ASSERT_TRUE(socket->send(std::string(100001, ' ')));
  EXPECT_EQ(Heard(*socket).at("status"), "success");
  EXPECT_EQ(Heard(*socket).at("status"), "413");
  EXPECT_EQ(closed_with(*socket), "1009");
}

TEST(Talk, no_room_is_told_and_the_stream_goes_on) {
  auto catalogue = test_catalogue();
  catalogue.api.budget = config::Bytes{300000};
  Running running(catalogue);
  running.broker->set(Mode::hold);
  auto socket = connect(running), other = connect(running);
  auto large = R"({"message_type_id":"digital_note","device_id":"d","data":{"a":")" + std::string(250000, 'x') + "\"}}";
  ASSERT_TRUE(socket->send(large));
  running.broker->wait_for(1);
  ASSERT_TRUE(other->send(large));
  Heard full(*other);
  EXPECT_EQ(full.at("status"), "503");
  EXPECT_NE(full.at("retry_after"), "");
  running.broker->set(Mode::ack_at_once);
  running.broker->release();
  EXPECT_EQ(Heard(*socket).at("status"), "success");
  ASSERT_TRUE(other->send(large));
  EXPECT_EQ(Heard(*other).at("status"), "success");
}

TEST(Talk, the_end_answers_what_is_in_flight) {
  Running running;
  running.broker->set(Mode::hold);
  auto socket = connect(running), idle = connect(running);
  ASSERT_TRUE(socket->send(good));
  running.broker->wait_for(1);
  running.stop = true;
  EXPECT_EQ(closed_with(*idle), "1001");
  running.broker->release();
  EXPECT_EQ(Heard(*socket).at("status"), "success");
  EXPECT_EQ(closed_with(*socket), "1001");
}

TEST(Talk, a_client_that_leaves_changes_nothing) {
  Running running;
  running.broker->set(Mode::hold);
  {
    auto socket = connect(running);
    ASSERT_TRUE(socket->send(good));
    running.broker->wait_for(1);
  }
  running.broker->release();
  auto again = connect(running);
  running.broker->set(Mode::ack_at_once);
  ASSERT_TRUE(again->send(good));
  EXPECT_EQ(Heard(*again).at("status"), "success");
  EXPECT_EQ(running.broker->sent().size(), 2u);
}

TEST(Talk, many_streams_on_two_threads_each_get_their_own_answers) {
  auto catalogue = test_catalogue();
  catalogue.api.threads = 2;
  catalogue.api.stream_window = 20;
  Running running(catalogue);
  std::vector<std::thread> clients;
  for (int c = 0; c < 6; ++c)
    clients.emplace_back([&, c] {
      auto socket = connect(running);
      ASSERT_TRUE(socket);
      auto id_of = [&](int n) {
        char text[64];
        std::snprintf(text, sizeof text, "0198f0c2-0000-7000-8000-%06d%06d", c, n);
        return std::string(text);
      };
      for (int n = 0; n < 300; ++n) {
        ASSERT_TRUE(socket->send(with_id(id_of(n))));
        if (n < 10) continue;
        ASSERT_EQ(Heard(*socket).at("message_id"), id_of(n - 10));
      }
      for (int n = 290; n < 300; ++n) ASSERT_EQ(Heard(*socket).at("message_id"), id_of(n));
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(running.broker->sent().size(), 1800u);
}

TEST(Talk, the_end_leaves_out_no_answer_on_two_threads) {
  for (int round = 0; round < 10; ++round) {
    auto catalogue = test_catalogue();
    catalogue.api.threads = 2;
    Running running(catalogue);
    running.broker->set(Mode::hold);
    std::vector<WebSocketClient> sockets;
    for (int c = 0; c < 4; ++c) {
      sockets.push_back(std::move(*connect(running)));
      for (int n = 0; n < 20; ++n) ASSERT_TRUE(sockets.back().send(good));
    }
    running.broker->wait_for(80);
    running.stop = true;
    running.broker->release();
    for (auto& socket : sockets) {
      for (int n = 0; n < 20; ++n) EXPECT_EQ(Heard(socket).at("status"), "success");
      EXPECT_EQ(closed_with(socket), "1001");
    }
  }
}

TEST(Talk, the_handshake_is_checked) {
  auto catalogue = test_catalogue();
  model::ApiKey key{.name = "slow", .sha256 = sha256_hex("k"), .types = {"gps_reading"}, .rate = 1};
  catalogue.api.keys = {key};
  Running running(catalogue);
  EXPECT_EQ(connect(running).error().code, "401");
  EXPECT_EQ(connect(running, {.headers = {{"X-API-Key", "k"}, {"Origin", "http://evil.example"}}}).error().code, "403");
  auto plain = running.client({.headers = {{"X-API-Key", "k"}}});
  EXPECT_EQ(Answer(plain.get("/ingest/stream")).status, 426);
  auto socket = connect(running, {.headers = {{"Authorization", "Bearer k"}}});
  ASSERT_TRUE(socket);
  ASSERT_TRUE(socket->send(with_id(id)));
  EXPECT_EQ(Heard(*socket).at("status"), "403");
  std::string status;
  for (int i = 0; i < 100 && status != "429"; ++i) {
    ASSERT_TRUE(socket->send(good));
    Heard heard(*socket);
    status = heard.at("status");
    EXPECT_EQ(status == "429", heard.at("retry_after") != "");
  }
  EXPECT_EQ(status, "429");
}

}  // namespace
}  // namespace loom::ingest
