// The doors for messages: one a request, a batch, media as bytes. Decode → stamp → address → send; the answer comes with the
// broker's. Owned by the Api. Threads: any io thread, each with scratch space of its own. Errors are answers.
//   Route{"POST", "/ingest/message", "…", max, admit, [&](Request& r, Responder to) { intake.single(r, std::move(to));
//   }}
#pragma once

#include <vector>

#include "base/clock.h"
#include "ingest/batch.h"
#include "ingest/decode.h"
#include "ingest/in_flight.h"
#include "ingest/keys.h"

namespace loom::ingest {

class Intake {
 public:
  struct Parts {
    const TypeTable& types;
    const Keys& keys;
    InFlight& in_flight;
    Probe& probe;
    Clock timestamps;  // strictly increasing
    Clock steady;
    std::function<std::chrono::milliseconds()> since_broker;
    std::size_t max_batch_records = 10000;
    std::size_t io_threads = 1;
  };
  explicit Intake(Parts parts);

  /// Who asks, before the body is read.
  [[nodiscard]] std::optional<Refusal> admit(http::Request& request) const;
  [[nodiscard]] std::optional<Refusal> admit_media(http::Request& request) const;
  void single(http::Request& request, http::Responder responder);
  void media(http::Request& request, http::Responder responder);
  void batch(http::Request& request, http::Responder responder);

  /// The same for the messages of a stream, whose sender is known from its handshake. What `held` still holds of the
  /// budget afterwards is the caller's to give back.
  struct Sender {
    std::size_t who = 0, io_thread = 0;
  };
  struct Begun {
    std::string message;  // JSON, without its media
    std::size_t media_limit = 0;
  };
  [[nodiscard]] std::optional<Refusal> admit_stream(http::Request& request) const;
  void message(const Sender& sender, std::string_view text, std::size_t& held, http::Responder responder);
  [[nodiscard]] Checked<Begun> check_begin(const Sender& sender, std::string_view text);
  [[nodiscard]] Refusal begun_too_large(const Sender& sender, std::string_view begun);
  void media_message(const Sender& sender, const std::string& begun, std::string bytes, std::size_t& held,
                     http::Responder responder);

 private:
  struct Scratch {
    json::Document document;
    std::vector<model::OutRecord> records;
  };
  struct Origin {
    std::size_t who;
    std::string_view traceparent;
  };
  /// One message's text, from whichever door; what `held` holds of the budget goes over to the record.
  void take(const Origin& origin, json::Document& document, std::string_view text, std::size_t& held,
            http::Responder responder);
  [[nodiscard]] std::optional<Refusal> not_now(std::size_t who) const;
  [[nodiscard]] std::optional<Refusal> broker_away() const;
  [[nodiscard]] std::optional<Refusal> overloaded() const;
  void refuse_all(http::Responder& responder, const Refusal& refusal, const TypeEntry* type);
  [[nodiscard]] Checked<Accepted> parse_in_batch(json::Document& document, std::string_view text, BatchForm form,
                                                 std::optional<Refusal>& whole) const;
  [[nodiscard]] Checked<model::OutRecord> prepare(Slot& slot, Checked<Accepted> accepted, const Origin& origin) const;

  Parts parts_;
  std::vector<Scratch> scratch_;
};

}  // namespace loom::ingest
