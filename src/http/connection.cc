// Reading: head, decision, body. What is written is in connection_answer.cc.
#include "http/connection.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>

#include "http/web_socket.h"

namespace loom::http {
namespace {

constexpr std::size_t little = 4 << 10;        // a head, mostly with its message: what a connection always has
constexpr std::size_t buffer_size = 16 << 10;  // what it takes before it is parsed
constexpr unsigned char tls_handshake = 0x16;  // the first byte of a client that speaks TLS

}  // namespace

Connection::Connection(IoThread& thread, Socket socket) : thread_(thread), line_(std::move(socket), thread.shared().tls.get()) {
  thread_.shared().connections.fetch_add(1, std::memory_order_relaxed);
  thread_.add(*this);
  request_.io_thread = thread_.index();
  buffer_.reserve(little);
}

Connection::~Connection() {
  reading_ = false;
  release_body();
  thread_.remove(*this);
  thread_.shared().connections.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::start() {
  beast::error_code ignored;
  line_.next_layer().set_option(Tcp::no_delay(true), ignored);
  line_.next_layer().non_blocking(true, ignored);
  if (line_.secure()) return greet();
  set_deadline(thread_.shared().options.idle_timeout);
  advance();
}

/// Before the handshake: one that speaks plain HTTP to this port is to be told so.
void Connection::greet() {
  state_ = State::hello;
  set_deadline(thread_.shared().options.head_timeout);
  line_.next_layer().async_wait(asio::socket_base::wait_read, [self = shared_from_this()](const beast::error_code& ec) {
    ec ? self->close_now() : self->look_at_hello();
  });
}

void Connection::look_at_hello() {
  unsigned char first = 0;
  if (::recv(line_.next_layer().native_handle(), &first, 1, MSG_PEEK) != 1) return close_now();
  if (first != tls_handshake) {
    line_.speak_plainly();
    spoke_plainly_ = true;
    state_ = State::head;
    return advance();
  }
  line_.async_handshake([self = shared_from_this()](const beast::error_code& ec) {
    if (ec || self->state_ != State::hello) return self->close_now();
    self->state_ = State::head;
    self->set_deadline(self->thread_.shared().options.idle_timeout);
    self->advance();
  });
}

void Connection::advance() {
  running_ = true;
  while (step()) {
  }
  running_ = false;
}

/// One move on what has been read so far; false when it has to wait for the socket or for the handler.
bool Connection::step() {
  switch (state_) {
    case State::head:
      return read_head();
    case State::body:
      return read_body();
    case State::chunks:
      return read_chunks();
    case State::discard:
      return discard();
    default:
      return false;
  }
}

bool Connection::read_head() {
  if (buffer_.size() == 0) {
    if (thread_.shared().draining.load(std::memory_order_relaxed)) return close(), false;
    return read_more(), false;
  }
  const auto& options = thread_.shared().options;
  if (!parser_) {
    request_.clear();
    parser_.emplace(request_, options.max_head);
    set_deadline(options.head_timeout);
  }
  beast::error_code ec;
  buffer_.consume(parser_->put(buffer_.data(), ec));
  if (ec == beast::http::error::need_more) {
    if (buffer_.size() < options.max_head) return read_more(), false;
    ec = beast::http::error::header_limit;
  }
  if (ec) return refuse_head(ec), true;
  if (parser_->is_header_done()) decide();
  return true;
}

void Connection::decide() {
  auto& shared = thread_.shared();
  http_1_0_ = parser_->version() < 11;
  keep_alive_ = parser_->keep_alive() && !shared.draining.load(std::memory_order_relaxed);
  head_only_ = request_.method() == "HEAD";
  auto length = parser_->content_length();
  body_size_ = length ? static_cast<std::size_t>(*length) : 0;
  body_filled_ = 0;
  if (spoke_plainly_) return refuse_plain();
  auto match = shared.routes.match(request_);
  if (!match.route) return refuse(*match.refusal);
  route_ = match.route;
  if (body_size_ > route_->max_body) return refuse_too_large();
  if (route_->admit)
    if (auto refusal = route_->admit(request_)) return refuse(*refusal);
  if (body_size_ > max_body()) return refuse_too_large();
  if (route_->upgrade) return upgrade();
  if (parser_->chunked()) return expect_body(0);
  if (body_size_ == 0) return dispatch();
  if (!admit_bytes(body_size_)) return refuse_full();
  expect_body(body_size_);
}

void Connection::expect_body(std::size_t bytes) {
  const auto& options = thread_.shared().options;
  state_ = parser_->chunked() ? State::chunks : State::body;
  auto allowance = bytes ? bytes : max_body();
  set_deadline(options.body_timeout + std::chrono::milliseconds(allowance * 1000 / options.body_bytes_per_second));
  if (state_ == State::chunks) {
    parser_->allow_body(max_body());
    parser_->eager(true);
  }
  if (buffer_.size() != 0 || !equal_ignoring_case(request_.header("expect"), "100-continue")) return;
  beast::error_code ignored;
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  line_.write_little(asio::buffer(go_on.data(), go_on.size()), ignored);
}

bool Connection::admit_bytes(std::size_t bytes) {
  if (bytes <= request_.held) return true;
  if (!thread_.shared().budget->take(bytes - request_.held)) return false;
  request_.held = bytes;
  return true;
}

bool Connection::read_body() {
  auto& body = request_.body;
  if (buffer_.size() != 0) {
    auto take = std::min(body_size_ - body_filled_, buffer_.size());
    body.resize(body_filled_);
    body.append(static_cast<const char*>(buffer_.data().data()), take);
    buffer_.consume(take);
    body_filled_ += take;
  }
  if (body_filled_ < body_size_) return read_more(), false;
  body.resize(body_size_);
  return dispatch(), true;
}

bool Connection::read_chunks() {
  if (buffer_.size() == 0) return read_more(), false;
  beast::error_code ec;
  buffer_.consume(parser_->put(buffer_.data(), ec));
  if (!admit_bytes((request_.body.size() + buffer_size - 1) / buffer_size * buffer_size)) return refuse_full(), true;
  if (ec == beast::http::error::body_limit) return refuse_too_large(), true;
  if (ec == beast::http::error::need_more && buffer_.size() < buffer_size) return read_more(), false;
  if (ec) return refuse_head(ec), true;
  if (parser_->is_done()) return dispatch(), true;
  return buffer_.size() != 0 || (read_more(), false);
}

/// Reads past the small body of a refused request, so that the connection can go on.
bool Connection::discard() {
  auto take = std::min(discard_left_, buffer_.size());
  buffer_.consume(take);
  discard_left_ -= take;
  if (discard_left_ != 0) return read_more(), false;
  state_ = State::waiting;
  auto reply = std::move(*refusal_);
  refusal_.reset();
  send(reply);
  return true;
}

void Connection::dispatch() {
  state_ = State::waiting;
  route_->handler(request_, Responder(shared_from_this()));
  release_body();
}

/// The socket goes on as a WebSocket; this connection ends.
void Connection::upgrade() {
  if (auto wrong = wrong_upgrade(request_)) return refuse(*wrong);
  if (parser_->chunked() || body_size_ != 0 || buffer_.size() != 0)
    return refuse({Error{ErrorKind::malformed, "bytes came before the handshake was answered", {}, "wait for 101", {}},
                   {}});
  state_ = State::closed;
  thread_.add(open_stream(thread_, std::move(line_), request_, *route_));
}

/// While the socket may still write into it, it stays, and goes with this connection.
void Connection::release_body() {
  if (reading_) return;
  if (request_.body.capacity() > kept) std::string().swap(request_.body);
  if (request_.held != 0) thread_.shared().budget->give(std::exchange(request_.held, 0));
}

void Connection::read_more() {
  reading_ = true;
  auto on_bytes = [self = shared_from_this()](const beast::error_code& ec, std::size_t bytes) {
    self->on_read(ec, bytes);
  };
  if (state_ == State::body) {
    // grows with what has come, not with what was promised
    auto& body = request_.body;
    auto want = std::min(body_size_, std::max(body_filled_ * 2, body_filled_ + buffer_size));
    if (body.size() < want) body.resize(want);
    line_.async_read_some(asio::buffer(body.data() + body_filled_, body.size() - body_filled_), std::move(on_bytes));
  } else {
    auto room = state_ == State::chunks ? buffer_size : little;
    line_.async_read_some(buffer_.prepare(std::min(room, buffer_size - buffer_.size())), std::move(on_bytes));
  }
}

void Connection::on_read(const beast::error_code& ec, std::size_t bytes) {
  reading_ = false;
  if (ec) return close();
  if (state_ == State::body) {
    body_filled_ += bytes;
  } else if (state_ == State::lingering) {
    discard_left_ -= std::min(discard_left_, bytes);
    return discard_left_ == 0 ? close() : read_more();
  } else {
    buffer_.commit(bytes);
  }
  advance();
}

void Connection::sweep(Steady::time_point now) {
  if (now < deadline_) return;
  switch (state_) {
    case State::head:
      return parser_ ? fail_slow() : close();
    case State::body:
    case State::chunks:
    case State::discard:
      return fail_slow();
    case State::writing:
    case State::lingering:
      return close();
    case State::hello:
    case State::closing:
      return close_now();
    default:
      return;
  }
}

void Connection::drain() {
  if (state_ == State::hello || (state_ == State::head && !parser_ && buffer_.size() == 0)) close();
}

}  // namespace loom::http
