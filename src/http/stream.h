// A WebSocket on the server: what a route that upgrades its connection works with. The server reads a message, holds its
// bytes in the byte budget, and gives it to the Listener; the Listener answers through the Stream when it can. While it
// is `full` nothing more is read: the client feels it as backpressure of TCP.
// Ownership: the connection owns both; a Listener keeps its Stream weakly, or as long as answers are on the way.
// Threads: a Listener is called on the connection's io thread only; a Stream from any thread.
// What the server does itself: pings and the idle timeout, a message over the route's max_body (a problem, then close
// 1009), one that the budget has no room for (a problem 503, the connection stays), the end of the server (close 1001
// when the Listener is idle).
//   Route{"GET", "/echo", "…", 1 << 20, {}, {}, [](Request&, std::shared_ptr<Stream> to) { return make_echo(to); }}
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "loom/error.h"

namespace loom::http {

class Request;

namespace close_code {
inline constexpr int normal = 1000, going_away = 1001, unsupported = 1003, policy = 1008, too_big = 1009,
                     internal = 1011;
}  // namespace close_code

class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues one message; what is sent after `close` is dropped.
  virtual void send(std::string message, bool binary = false) = 0;
  /// What the Listener says of `full` or `idle` may have changed.
  virtual void look_again() = 0;
  /// Sends what is queued, then closes.
  virtual void close(int code, std::string reason) = 0;
};

struct Frame {
  std::string bytes;     // a whole message
  bool binary = false;
  std::size_t held = 0;  // of the byte budget; what the Listener leaves here is given back
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_message(Frame& frame) = 0;
  /// A message that was not taken, or did not come in time; the Listener says so to the client, in its own order. The
  /// bytes are gone.
  virtual void on_refused(const Error& error, int retry_after_s) = 0;
  /// As many messages have been written to the socket.
  virtual void on_sent(std::size_t) {}
  [[nodiscard]] virtual bool full() const = 0;
  /// It holds the beginning of something that comes in several messages: the rest has to come in time.
  [[nodiscard]] virtual bool wants_more() const { return false; }
  [[nodiscard]] virtual bool idle() const = 0;  // nothing is in flight and all is `on_sent`: the server may end
};

using Upgrade = std::function<std::shared_ptr<Listener>(Request&, std::shared_ptr<Stream>)>;

}  // namespace loom::http
