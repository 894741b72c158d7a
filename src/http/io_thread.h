// One io_context, its acceptor, its connections and the coarse sweep over their deadlines. Private to the server.
// Threads: everything but `io().post` belongs to the thread that runs it. Ownership: connections own themselves through
// the operations they wait for; the list here only finds them.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/wait_traits.hpp>
#include <string>
#include <vector>

#include "http/server.h"

namespace loom::http {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using Steady = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Steady, asio::wait_traits<Steady>, Executor>;

/// What all threads of a server share.
struct Shared {
  ServerOptions options;
  Routes routes;
  std::shared_ptr<ByteBudget> budget;
  Log log;
  std::atomic<int> connections{0};
  std::atomic<bool> draining{false};
  std::shared_ptr<asio::ssl::context> tls{};  // absent: plain
};

class Connection;
class OpenStream;

class IoThread {
 public:
  IoThread(Shared& shared, std::size_t index);
  ~IoThread();
  Result<void> listen(const Tcp::endpoint& endpoint, bool share_port);
  [[nodiscard]] int port() const;

  void start();  // accepts and sweeps as soon as `run` runs
  void run() { io_.run(); }
  void drain();  // any thread: stop accepting, close what is idle
  void stop() { io_.stop(); }

  void add(Connection& connection);
  void remove(Connection& connection);
  void add(std::weak_ptr<OpenStream> stream);

  [[nodiscard]] asio::io_context& io() { return io_; }
  [[nodiscard]] Shared& shared() { return shared_; }
  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] std::string_view date_line() const { return date_line_; }

 private:
  void accept();
  void admit(Socket socket);
  void sweep();
  void write_date();

  Shared& shared_;
  std::size_t index_;
  std::vector<Connection*> connections_;
  std::vector<std::weak_ptr<OpenStream>> streams_;
  std::string date_line_;
  std::time_t date_second_ = 0;
  asio::io_context io_{1};
  Acceptor acceptor_;
  Timer sweep_timer_, accept_timer_;
};

}  // namespace loom::http
