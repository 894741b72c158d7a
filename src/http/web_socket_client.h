// A blocking WebSocket client (RFC 6455) with deadlines, ws:// and wss://, for engines and tests. Answers pings itself.
// Threads: one Client belongs to one thread. Errors: configuration (no such URL), unavailable (nothing there, refused
// with a status, which is the error's code; closed or broken), timeout, too_large, malformed (no WebSocket after all).
//   auto socket = WebSocketClient::connect("ws://127.0.0.1:8000/ingest/stream", {});
//   socket->send("{}");   auto frame = socket->receive(5s);   // nullopt: nothing came
#pragma once

#include <chrono>
#include <optional>

#include "http/client.h"

namespace loom::http {

struct WebSocketMessage {
  std::string bytes;
  bool binary = false;
};

class WebSocketClient {
 public:
  /// `options.timeout` is of sending one message and of the handshake; max_body of one message that comes.
  static Result<WebSocketClient> connect(std::string_view url, ClientOptions options = {});
  WebSocketClient(WebSocketClient&&) noexcept;
  WebSocketClient& operator=(WebSocketClient&&) noexcept;
  ~WebSocketClient();

  Result<void> send(std::string_view bytes, bool binary = false);
  Result<void> ping();
  /// The next whole message; nullopt when none is there in time. After the peer's close: unavailable, whose code is the
  /// close code.
  Result<std::optional<WebSocketMessage>> receive(std::chrono::milliseconds timeout);
  void close(int code = 1000);

 private:
  struct State;
  explicit WebSocketClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace loom::http
