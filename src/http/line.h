// The bytes of one client's connection: a socket as it is, or the same under TLS. A stream as Asio and Beast want it, so
// that the server and its WebSockets are written once; a plain connection pays one branch an operation for it.
// Threads: its io thread. Ownership: moved along with the connection. Errors: Asio's codes.
//   Line line(std::move(socket), &context);   line.async_handshake(on_done);   line.async_read_some(buffers, on_bytes);
#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <memory>

#include "http/io_thread.h"

namespace loom::http {

class Line {
 public:
  using executor_type = Executor;
  using next_layer_type = Socket;

  /// `context` null: plain. Until the handshake (or without it, after `speak_plainly`) nothing is read or written.
  Line(Socket socket, asio::ssl::context* context) : socket_(std::make_unique<Socket>(std::move(socket))) {
    if (context) tls_ = std::make_unique<Tls>(*socket_, *context);
  }
  [[nodiscard]] executor_type get_executor() { return socket_->get_executor(); }
  [[nodiscard]] Socket& next_layer() { return *socket_; }
  [[nodiscard]] bool secure() const { return tls_ != nullptr; }
  void speak_plainly() { tls_.reset(); }

  template <class Handler>
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  /// Says goodbye as TLS wants it, and waits for the peer's.
  template <class Handler>
  void async_shutdown(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return tls_ ? tls_->async_read_some(buffers, std::forward<Handler>(handler))
                : socket_->async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return tls_ ? tls_->async_write_some(buffers, std::forward<Handler>(handler))
                : socket_->async_write_some(buffers, std::forward<Handler>(handler));
  }
  /// What fits at once; nothing under TLS, which may have to wait in the middle of a record.
  template <class Buffers>
  std::size_t try_write(const Buffers& buffers, boost::system::error_code& ec) {
    if (!tls_) return socket_->write_some(buffers, ec);
    ec = asio::error::would_block;
    return 0;
  }
  /// A few bytes, when nothing else is being written: they fit.
  template <class Buffers>
  void write_little(const Buffers& buffers, boost::system::error_code& ec) {
    tls_ ? tls_->write_some(buffers, ec) : socket_->write_some(buffers, ec);
  }
  void close() {
    boost::system::error_code ignored;
    socket_->shutdown(Tcp::socket::shutdown_both, ignored);
    socket_->close(ignored);
  }

 private:
  using Tls = asio::ssl::stream<Socket&>;
  std::unique_ptr<Socket> socket_;  // where it is does not change when the Line moves: the TLS refers to it
  std::unique_ptr<Tls> tls_;
};

/// For Beast: how a WebSocket's line ends after the closing frames.
template <class Handler>
void async_teardown(boost::beast::role_type role, Line& line, Handler&& handler) {
  if (line.secure()) return line.async_shutdown(std::forward<Handler>(handler));
  boost::beast::websocket::async_teardown(role, line.next_layer(), std::forward<Handler>(handler));
}
inline void teardown(boost::beast::role_type, Line& line, boost::system::error_code&) { line.close(); }

}  // namespace loom::http
