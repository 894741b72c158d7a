// An HTTP/1.1 server: one io_context a thread, keep-alive, pipelining (one request of a connection at a time, so that
// answers come in order), handlers that may answer later, bodies capped before they are read, slow clients cut off.
// Ownership: owns its threads and connections; destroy what holds Responders first. Threads: `run` blocks its caller,
// which is io thread 0; `watch` and `every` are called before `run` and their functions run on io thread 0.
// Errors: unavailable when the address can't be listened on, configuration when it is none or a file of TLS is wrong.
//   auto server = Server::open({.listen = "127.0.0.1:0"}, Routes(...), budget, log);   (*server)->run(stop);
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "http/budget.h"
#include "http/routes.h"
#include "loom/error.h"

namespace loom::http {

/// Files in PEM. With `client_ca`, clients must show a certificate that it signed.
struct ServerTls {
  std::string cert, key, key_password, client_ca;
};
/// Errors: configuration, naming the file and the remedy.
[[nodiscard]] Result<void> check_tls(const ServerTls& tls);

struct ServerOptions {
  std::string listen = "127.0.0.1:0";
  std::optional<ServerTls> tls{};
  int threads = 1;
  int max_connections = 4096;
  std::size_t max_head = 16 << 10;                 // request line and headers together
  std::chrono::milliseconds idle_timeout{60000};   // between requests
  std::chrono::milliseconds head_timeout{10000};   // from the first byte of a request to the end of its head
  std::chrono::milliseconds body_timeout{15000};   // for a body, and …
  std::size_t body_bytes_per_second = 64 << 10;    // … as long as this rate would take on top
  std::chrono::milliseconds drain_timeout{10000};  // for what is in flight at the end
  std::chrono::milliseconds sweep{250};            // how exactly these are kept
  std::function<int()> retry_after_s{};            // for 503s of a full budget; 1 without it
  std::function<void(int status)> on_refused{};    // what the server answered itself; from any io thread
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> open(ServerOptions options, Routes routes, std::shared_ptr<ByteBudget> budget,
                                              Log log);
  ~Server();

  [[nodiscard]] int port() const;
  [[nodiscard]] int connections() const;
  [[nodiscard]] bool draining() const;

  /// Calls `ready` whenever this eventfd was written to; the server reads it empty first.
  void watch(int eventfd, std::function<void()> ready);
  void every(std::chrono::milliseconds interval, std::function<void()> tick);

  /// Serves until `stop`, then refuses new connections, finishes what is in flight (drain_timeout) and returns.
  void run(const std::atomic<bool>& stop);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace loom::http
