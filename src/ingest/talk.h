// One client's stream of messages over a WebSocket (GET /ingest/stream): what comes in goes the way of
// POST /ingest/message, and each message is answered by one text frame, in the order of the messages: the single answer
// or a problem document. A window bounds what is not yet answered and written: while it is full nothing more is read.
// Frames: a message object · {"begin": message without its media field}, then binary frames, then {"end": true}: one
// message, answered once, after its end or as soon as it is refused.
// Ownership: the connection owns it; answers on their way keep it. Threads: a Listener's; answers come from any.
//   Route{…, .upgrade = [&](Request& r, auto stream) { return std::make_shared<Talk>(parts, sender_of(r), stream); }}
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "http/budget.h"
#include "http/stream.h"
#include "ingest/intake.h"

namespace loom::ingest {

struct Window {
  std::size_t messages = 1000;
  std::size_t bytes = 8 << 20;  // of messages in flight; one larger than this is taken when it is alone
};

class Talk final : public http::Listener, public std::enable_shared_from_this<Talk> {
 public:
  struct Parts {
    Intake& intake;
    std::shared_ptr<http::ByteBudget> budget;
    Window window;
  };
  Talk(Parts parts, Intake::Sender sender, std::weak_ptr<http::Stream> stream)
      : parts_(std::move(parts)), sender_(sender), stream_(std::move(stream)) {}
  ~Talk() override { drop_media(); }

  void on_message(http::Frame& frame) override;
  void on_refused(const Error& error, int retry_after_s) override;
  void on_sent(std::size_t count) override;
  [[nodiscard]] bool full() const override;
  [[nodiscard]] bool wants_more() const override { return state_ == Media::open; }
  [[nodiscard]] bool idle() const override;

  /// The answer to message `number`; those before it go out first.
  void settle(std::size_t number, std::string answer);

 private:
  enum class Media { none, open, skipped };
  struct Waiting {
    bool answered = false;
    std::size_t bytes = 0;
    std::string answer{};
  };
  void on_text(http::Frame& frame);
  void on_media(http::Frame& frame);
  void begin(std::string_view text);
  void end();
  void refuse(const Refusal& refusal);
  void skip_media(const Refusal& refusal);
  void drop_media();
  [[nodiscard]] http::Responder respond(std::size_t bytes);

  Parts parts_;
  Intake::Sender sender_;
  std::weak_ptr<http::Stream> stream_;

  Media state_ = Media::none;
  std::string begun_, media_;
  std::size_t media_limit_ = 0, media_held_ = 0;

  mutable std::mutex mutex_;  // of what follows
  std::deque<Waiting> waiting_;
  std::size_t first_ = 0;     // the number of the first that waits
  std::size_t in_flight_ = 0;  // bytes
  std::size_t unsent_ = 0;    // answers that are not yet written to the socket
};

}  // namespace loom::ingest
