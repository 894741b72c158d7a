// One client's connection: reads a head, decides (route, limits, budget), reads the body, calls the handler, writes the
// answer, and only then looks at the next request. Private to the server. Threads: its io thread; `answer` from any.
// Ownership: kept alive by the operation it waits for, or by the Responder while a handler is at work: a client that
// goes away meanwhile changes nothing for the handler.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>

#include "http/io_thread.h"
#include "http/line.h"
#include "http/parser.h"

namespace loom::http {

class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  Connection(IoThread& thread, Socket socket);
  ~Connection() override;
  void start();
  void answer(std::shared_ptr<Exchange> self, const Reply& reply) override;

  void sweep(Steady::time_point now);
  void drain();
  std::size_t slot = 0;  // its place in the io thread's list

 private:
  static constexpr std::size_t kept = 4 << 10;  // of a body's or an answer's memory, from one request to the next
  enum class State { hello, head, body, chunks, discard, waiting, writing, lingering, closing, closed };

  void greet();
  void look_at_hello();
  void advance();
  bool step();
  bool read_head();
  bool read_body();
  bool read_chunks();
  bool discard();
  void decide();
  void expect_body(std::size_t bytes);
  bool admit_bytes(std::size_t bytes);
  void refuse(Reply reply);
  void refuse(const Refusal& refusal) { refuse(reply_of(refusal.error, refusal.details)); }
  void refuse_head(const beast::error_code& why);
  void refuse_too_large();
  [[nodiscard]] std::size_t max_body() const { return std::min(route_->max_body, request_.max_body); }
  void refuse_full();
  void refuse_plain();
  void fail_slow();
  void dispatch();
  void upgrade();
  void release_body();

  void read_more();
  void on_read(const beast::error_code& ec, std::size_t bytes);
  void format(const Reply& reply);
  void send(const Reply& reply);
  void write_rest(std::size_t from);
  void sent();
  void linger();
  void close();
  void close_now();
  void set_deadline(std::chrono::milliseconds from_now) { deadline_ = Steady::now() + from_now; }

  IoThread& thread_;
  Line line_;
  State state_ = State::head;
  bool running_ = false, keep_alive_ = true, http_1_0_ = false, head_only_ = false, reading_ = false,
       unread_ = false,        // the client may still be sending a refused body
       spoke_plainly_ = false;  // where TLS is spoken
  Steady::time_point deadline_;
  beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;
  Request request_;
  const Route* route_ = nullptr;
  std::size_t body_size_ = 0, body_filled_ = 0;
  std::size_t discard_left_ = 0;
  std::optional<Reply> refusal_;  // answered when the small body behind it has been read past
  std::string out_;
};

}  // namespace loom::http
