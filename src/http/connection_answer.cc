// What a connection writes: answers, refusals, and how it ends.
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "http/connection.h"
#include "http/status.h"

namespace loom::http {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t discard_at_most = 64 << 10;  // a refused body up to this is read past, and the connection kept
constexpr std::size_t linger_at_most = 4 << 20;

}  // namespace

void Connection::refuse(Reply reply) {
  const auto& options = thread_.shared().options;
  release_body();
  if (options.on_refused) options.on_refused(reply.status);
  bool in_order = parser_ && parser_->is_header_done() && !parser_->chunked() && state_ == State::head;
  if (in_order && body_size_ <= discard_at_most && request_.header("expect").empty()) {
    refusal_ = std::move(reply);
    discard_left_ = body_size_;
    state_ = State::discard;
    set_deadline(options.body_timeout);
    return;
  }
  keep_alive_ = false;
  unread_ = true;
  state_ = State::waiting;
  send(reply);
}

void Connection::refuse_head(const beast::error_code& why) {
  keep_alive_ = false;
  body_size_ = discard_at_most + 1;
  if (why == beast::http::error::header_limit) {
    ProblemDetails details{.status = 431};
    details.members.emplace_back("limit", std::to_string(thread_.shared().options.max_head));
    return refuse(
        {Error{
             ErrorKind::too_large, "the request's headers are over the limit", {}, "send fewer or shorter headers", {}},
         details});
  }
  refuse({Error{ErrorKind::malformed, "this is no HTTP request: " + why.message(), {}, "send HTTP/1.1", {}}, {}});
}

void Connection::refuse_too_large() {
  ProblemDetails details;
  details.members.emplace_back("limit", std::to_string(max_body()));
  body_size_ = discard_at_most + 1;
  refuse({Error{ErrorKind::too_large,
                "the body is over the limit of " + std::to_string(max_body()) + " bytes",
                {},
                max_body() == 0 ? "send no body" : "send less at a time, or raise the limit (api.max_body)",
                {}},
          details});
}

void Connection::refuse_full() {
  const auto& options = thread_.shared().options;
  ProblemDetails details;
  details.retry_after_s = options.retry_after_s ? options.retry_after_s() : 1;
  refuse({Error{ErrorKind::full, "no room for another body now (api.budget)", {}, "try again after Retry-After", {}},
          details});
}

void Connection::refuse_plain() {
  keep_alive_ = false;
  refuse({Error{ErrorKind::malformed, "this port speaks TLS", {}, "use https:// (or wss://)", {}}, {}});
}

void Connection::fail_slow() {
  ProblemDetails details{.status = 408};
  body_size_ = discard_at_most + 1;
  state_ = State::waiting;
  refuse({Error{ErrorKind::timeout, "the request did not come in time", {}, "send it again, faster", {}}, details});
}

void Connection::answer(std::shared_ptr<Exchange> self, const Reply& reply) {
  if (thread_.io().get_executor().running_in_this_thread()) {
    if (state_ == State::waiting) send(reply);
    return;
  }
  asio::post(thread_.io(), [self = std::move(self), this, reply] {
    if (state_ == State::waiting) send(reply);
  });
}

void Connection::format(const Reply& reply) {
  out_.clear();
  out_ += "HTTP/1.1 ";
  out_ += std::to_string(reply.status);
  out_ += ' ';
  out_ += reason_of(reply.status);
  out_ += "\r\nContent-Type: ";
  out_ += reply.content_type;
  out_ += "\r\nContent-Length: ";
  out_ += std::to_string(reply.body.size());
  out_ += "\r\n";
  out_ += thread_.date_line();
  out_ += reply.header_lines;
  if (!keep_alive_)
    out_ += "Connection: close\r\n";
  else if (http_1_0_)
    out_ += "Connection: keep-alive\r\n";
  out_ += "\r\n";
  if (!head_only_) out_ += reply.body;
}

void Connection::send(const Reply& reply) {
  if (thread_.shared().draining.load(std::memory_order_relaxed)) keep_alive_ = false;
  format(reply);
  beast::error_code ec;
  auto count = line_.try_write(asio::buffer(out_), ec);
  if (!ec && count == out_.size()) return sent();
  if (ec && ec != asio::error::would_block && ec != asio::error::try_again) return close();
  write_rest(ec ? 0 : count);
}

void Connection::write_rest(std::size_t from) {
  state_ = State::writing;
  set_deadline(thread_.shared().options.body_timeout);
  asio::async_write(
      line_, asio::buffer(out_.data() + from, out_.size() - from),
      [self = shared_from_this()](const beast::error_code& ec, std::size_t) { ec ? self->close() : self->sent(); });
}

void Connection::sent() {
  if (out_.capacity() > kept) std::string().swap(out_);
  parser_.reset();
  if (!keep_alive_) return unread_ ? linger() : close();
  state_ = State::head;
  set_deadline(thread_.shared().options.idle_timeout);
  if (!running_) advance();
}

/// Says that nothing more comes, and reads past what the client still sends: a plain close would make the kernel reset
/// the connection, and the answer could be lost on the way.
void Connection::linger() {
  if (reading_) return close();
  beast::error_code ignored;
  line_.next_layer().shutdown(Tcp::socket::shutdown_send, ignored);
  state_ = State::lingering;
  discard_left_ = linger_at_most;
  buffer_.consume(buffer_.size());
  set_deadline(2s);
  read_more();
}

void Connection::close() {
  if (state_ == State::closing || state_ == State::closed) return;
  if (!line_.secure() || state_ == State::hello || state_ == State::writing ||
      state_ == State::lingering)
    return close_now();
  state_ = State::closing;  // TLS has a goodbye of its own
  set_deadline(2s);
  line_.async_shutdown([self = shared_from_this()](const beast::error_code&) { self->close_now(); });
}

void Connection::close_now() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  line_.close();
}

}  // namespace loom::http
