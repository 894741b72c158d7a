#include "http/web_socket.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <mutex>

namespace loom::http {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using ErrorCode = beast::error_code;

constexpr std::size_t piece = 64 << 10;  // read at a time, and the grain of what is held
constexpr std::chrono::seconds closing_time{5};

/// One of a comma-separated header's words.
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    auto one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (equal_ignoring_case(one, word)) return true;
  }
  return false;
}

class WebSocket final : public Stream, public OpenStream, public std::enable_shared_from_this<WebSocket> {
 public:
  WebSocket(IoThread& thread, Line line, std::size_t max_message)
      : thread_(thread), shared_(thread.shared()), max_message_(max_message), socket_(std::move(line)) {
    shared_.connections.fetch_add(1, std::memory_order_relaxed);
  }
  ~WebSocket() override {
    give_back();
    shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  }

  void start(Request& request, const Upgrade& upgrade);
  void drain() override { look(); }
  void sweep(Steady::time_point now) override;
  void send(std::string message, bool binary) override;
  void look_again() override;
  void close(int code, std::string reason) override;

 private:
  struct Outgoing {
    std::string bytes;
    bool binary = false;
    int close_code = 0;  // not 0: the last of all, `bytes` is the reason
  };
  void hand_over(Outgoing outgoing);
  void collect();
  void look();
  void read();
  void on_read(const ErrorCode& ec);
  void take(std::size_t bytes);
  void time_the_rest();
  void deliver();
  void refuse(const Error& error, int retry_after_s);
  bool hold(std::size_t bytes);
  void give_back() {
    if (frame_.held != 0) shared_.budget->give(std::exchange(frame_.held, 0));
  }
  void write();
  void end() {
    ended_ = true;
    give_back();
    listener_.reset();
  }
  IoThread& thread_;
  Shared& shared_;
  std::size_t max_message_;
  websocket::stream<Line> socket_;
  std::shared_ptr<Listener> listener_;
  beast::flat_buffer buffer_;
  Frame frame_;
  std::deque<Outgoing> out_;
  std::mutex handed_mutex_;
  std::deque<Outgoing> handed_;  // sent, not yet taken over by the io thread
  bool open_ = false, reading_ = false, writing_ = false, closing_ = false, ended_ = false;
  bool skipping_ = false;  // the rest of a message that was refused
  bool is_whole_ = true;   // the last message
  std::optional<Steady::time_point> rest_until_;  // of what has begun and is held
  int last_code_ = 0;      // no more is read; closed like this as soon as the Listener is idle
  std::string last_reason_;
  bool close_now_ = false;  // as soon as what is queued is written
};

void WebSocket::start(Request& request, const Upgrade& upgrade) {
  websocket::stream_base::timeout timeouts{};
  timeouts.handshake_timeout = closing_time;
  timeouts.idle_timeout = shared_.options.idle_timeout;
  timeouts.keep_alive_pings = true;
  socket_.set_option(timeouts);
  socket_.read_message_max(0);  // counted here, so that the client is told why before the close
  socket_.auto_fragment(false);
  beast::http::request<beast::http::empty_body> asked;
  asked.method(beast::http::verb::get);
  asked.version(11);
  for (const auto* name : {"Host", "Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version"}) {
    auto value = request.header(name);
    asked.set(name, beast::string_view(value.data(), value.size()));
  }
  listener_ = upgrade(request, shared_from_this());
  socket_.async_accept(asked, [self = shared_from_this()](const ErrorCode& ec) {
    if (ec) return self->end();
    self->open_ = true;
    self->write();
    self->look();
  });
}

/// Reads on, or ends, as the Listener's state allows.
void WebSocket::look() {
  if (ended_ || !open_) return;
  if (last_code_ == 0 && shared_.draining.load(std::memory_order_relaxed)) {
    last_code_ = close_code::going_away;
    last_reason_ = "the server ends";
  }
  if (last_code_ != 0 && listener_->idle()) close_now_ = true;
  write();
  read();
}

void WebSocket::read() {
  if (ended_ || reading_ || last_code_ != 0 || listener_->full()) return;
  reading_ = true;
  socket_.async_read_some(buffer_, piece,
                          [self = shared_from_this()](const ErrorCode& ec, std::size_t) { self->on_read(ec); });
}

void WebSocket::on_read(const ErrorCode& ec) {
  reading_ = false;
  if (ended_) return;
  if (ec) {
    if (!closing_) end();
    return;
  }
  take(buffer_.size());
  time_the_rest();
  look();
}

/// As for a body of POST.
void WebSocket::time_the_rest() {
  const auto& options = shared_.options;
  if (!listener_ || skipping_ || (is_whole_ && !listener_->wants_more())) return rest_until_.reset();
  auto allowance = std::chrono::milliseconds(max_message_ * 1000 / options.body_bytes_per_second);
  if (!rest_until_) rest_until_ = Steady::now() + options.body_timeout + allowance;
}

void WebSocket::sweep(Steady::time_point now) {
  if (ended_ || !rest_until_ || now < *rest_until_) return;
  rest_until_.reset();
  Error late{ErrorKind::timeout, "the message did not come in time", {}, "send it again, faster", {}};
  is_whole_ ? listener_->on_refused(late, 0) : refuse(late, 0);
  look();
}

void WebSocket::take(std::size_t bytes) {
  if (!skipping_ && frame_.bytes.size() + bytes > max_message_) {
    last_code_ = close_code::too_big;
    last_reason_ = "the message is over " + std::to_string(max_message_) + " bytes";
    refuse(Error{ErrorKind::too_large,
                 last_reason_,
                 {},
                 "send less at a time, or raise the limit (api.max_body)",
                 {}},
           0);
  } else if (!skipping_ && !hold((frame_.bytes.size() + bytes + piece - 1) / piece * piece)) {
    const auto& options = shared_.options;
    refuse(Error{ErrorKind::full, "no room for another message now (api.budget)", {}, "send it again later", {}},
           options.retry_after_s ? options.retry_after_s() : 1);
  }
  if (!skipping_) frame_.bytes.append(static_cast<const char*>(buffer_.data().data()), bytes);
  buffer_.consume(bytes);
  is_whole_ = socket_.is_message_done();
  if (!is_whole_) return;
  if (!std::exchange(skipping_, false)) deliver();
}

void WebSocket::deliver() {
  frame_.binary = socket_.got_binary();
  listener_->on_message(frame_);
  give_back();
  if (frame_.bytes.capacity() > piece) std::string().swap(frame_.bytes);
  frame_.bytes.clear();
}

void WebSocket::refuse(const Error& error, int retry_after_s) {
  skipping_ = true;
  give_back();
  std::string().swap(frame_.bytes);
  listener_->on_refused(error, retry_after_s);
}

bool WebSocket::hold(std::size_t bytes) {
  if (bytes <= frame_.held) return true;
  if (!shared_.budget->take(bytes - frame_.held)) return false;
  frame_.held = bytes;
  return true;
}

void WebSocket::write() {
  if (ended_ || !open_ || writing_ || closing_) return;
  if (out_.empty()) {
    if (!close_now_) return;
    closing_ = true;
    websocket::close_reason reason(static_cast<websocket::close_code>(last_code_), last_reason_);
    return socket_.async_close(reason, [self = shared_from_this()](const ErrorCode&) { self->end(); });
  }
  writing_ = true;
  socket_.binary(out_.front().binary);
  socket_.async_write(asio::buffer(out_.front().bytes),
                      [self = shared_from_this()](const ErrorCode& ec, std::size_t) {
                        self->writing_ = false;
                        if (self->ended_) return;
                        if (ec) return self->end();
                        self->out_.pop_front();
                        self->listener_->on_sent(1);
                        self->look();
                      });
}

/// One queue, whichever thread sends: a post from another thread and one from this would overtake each other.
void WebSocket::hand_over(Outgoing outgoing) {
  std::lock_guard lock(handed_mutex_);
  handed_.push_back(std::move(outgoing));
  if (handed_.size() == 1) asio::post(thread_.io(), [self = shared_from_this()] { self->collect(); });
}

void WebSocket::collect() {
  std::deque<Outgoing> handed;
  {
    std::lock_guard lock(handed_mutex_);
    handed.swap(handed_);
  }
  for (auto& each : handed) {
    if (ended_ || close_now_) return;
    if (each.close_code == 0) {
      out_.push_back(std::move(each));
      continue;
    }
    last_code_ = each.close_code;
    last_reason_ = each.bytes.substr(0, 120);
    close_now_ = true;
  }
  write();
}

void WebSocket::send(std::string message, bool binary) { hand_over({std::move(message), binary}); }

void WebSocket::look_again() {
  // never at once: the caller may be the Listener itself
  asio::post(thread_.io(), [self = shared_from_this()] { self->look(); });
}

void WebSocket::close(int code, std::string reason) { hand_over({std::move(reason), false, code}); }

}  // namespace

std::optional<Refusal> wrong_upgrade(const Request& request) {
  bool asks = has_word(request.header("connection"), "upgrade") && has_word(request.header("upgrade"), "websocket");
  if (asks && request.header("sec-websocket-version") == "13" && request.header("sec-websocket-key").size() == 24)
    return std::nullopt;
  ProblemDetails details{.status = 426};
  return Refusal{Error{ErrorKind::malformed,
                       "this endpoint speaks WebSocket",
                       "Upgrade",
                       "connect with a WebSocket client (version 13)",
                       {}},
                 details};
}

std::weak_ptr<OpenStream> open_stream(IoThread& thread, Line line, Request& request, const Route& route) {
  auto stream = std::make_shared<WebSocket>(thread, std::move(line), route.max_body);
  stream->start(request, route.upgrade);
  return stream;
}

}  // namespace loom::http
