// What a WebSocket does with messages that begin and do not go on.
#include <gtest/gtest.h>

#include <thread>

#include "http/server.h"
#include "http/web_socket_client.h"
#include "http/wire.h"

namespace loom::http {
namespace {

using namespace std::chrono_literals;

/// Wants more after "begin"; says back what was refused.
class Half final : public Listener {
 public:
  explicit Half(std::shared_ptr<Stream> stream) : stream_(stream) {}
  void on_message(Frame& frame) override { wants_more_ = frame.bytes == "begin"; }
  void on_refused(const Error& error, int) override {
    wants_more_ = false;
    if (auto stream = stream_.lock()) stream->send(error.message);
  }
  bool full() const override { return false; }
  bool idle() const override { return true; }
  bool wants_more() const override { return wants_more_; }

 private:
  std::weak_ptr<Stream> stream_;
  bool wants_more_ = false;
};

struct WebSockets : testing::Test {
  WebSockets() {
    ServerOptions options;
    options.sweep = 5ms;
    options.body_timeout = 20ms;
    options.body_bytes_per_second = 1 << 30;
    Route half{"GET", "/half", "", 1 << 20};
    half.upgrade = [](Request&, std::shared_ptr<Stream> to) { return std::make_shared<Half>(std::move(to)); };
    server = std::move(*Server::open(options, Routes({half}), budget, Log::silent()));
    thread = std::thread([this] { server->run(stop); });
  }
  ~WebSockets() override {
    stop = true;
    thread.join();
  }
  std::shared_ptr<ByteBudget> budget = std::make_shared<ByteBudget>(1 << 20);
  std::atomic<bool> stop{false};
  std::unique_ptr<Server> server;
  std::thread thread;
};

TEST_F(WebSockets, what_comes_in_several_messages_comes_in_time_or_is_refused) {
  auto socket = WebSocketClient::connect("ws://127.0.0.1:" + std::to_string(server->port()) + "/half");
  ASSERT_TRUE(socket) << to_string(socket.error());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(socket->send("begin"));
    auto heard = socket->receive(20s);
    ASSERT_TRUE(heard && *heard);
    EXPECT_EQ((*heard)->bytes, "the message did not come in time");
  }
}

TEST_F(WebSockets, a_message_of_which_only_a_part_comes_holds_nothing_for_long) {
  auto wire = std::move(*Wire::connect("127.0.0.1", server->port(), 5s));
  auto until = Wire::Clock::now() + 20s;
  ASSERT_TRUE(wire.send("GET /half HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        until));
  std::string heard;
  auto hear = [&](std::string_view words) {
    char piece[1024];
    while (heard.find(words) == std::string::npos) {
      auto count = wire.receive(piece, sizeof piece, until);
      if (!count || *count == 0) return false;
      heard.append(piece, *count);
    }
    return true;
  };
  ASSERT_TRUE(hear("\r\n\r\n"));
  ASSERT_TRUE(wire.send(std::string("\x81\xFE\x03\xE8\0\0\0\0begin", 13), until));  // 5 of 1000 bytes
  EXPECT_TRUE(hear("the message did not come in time")) << heard;
  EXPECT_EQ(budget->used(), 0U);
}

}  // namespace
}  // namespace loom::http
