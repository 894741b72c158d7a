// The edge as `loom api` has it (routes, intake, streams), over a pair of sockets instead of a network and a producer
// that acknowledges everything at once. One thread, no clock: a run is the same every time.
// Holds after each run: no connection, no byte of the budget and no job is left, and what was produced is a message.
//   static Edge edge;   Client client(edge);   client.send("GET / HTTP/1.1\r\n\r\n");   client.finish();
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <memory>

#include "fuzz.h"
#include "http/connection.h"
#include "http/io_thread.h"
#include "ingest/intake.h"
#include "ingest/talk.h"
#include "ingest/test_catalogue.h"
#include "model/message.h"

namespace loom::fuzz {

class Acknowledging final : public kafka::Producer {
 public:
  Result<void> send(kafka::OutRecord&& record, kafka::Done done) override {
    model::Record::Parts parts;
    parts.topic = record.topic.get(), parts.value = record.value, parts.headers = record.headers;
    auto read = model::Record::of(std::move(parts));
    json::Document document;
    auto message = model::decode(read, "cluster", document);
    holds(message.has_value(), "what the edge produces is a message");
    holds(read.header("message_id") == message->identity.message_id, "its header has its id");
    done_.push_back(std::move(done));
    return {};
  }
  void wake(int) override {}
  std::size_t serve(std::chrono::milliseconds) override {
    auto answered = std::exchange(done_, {});
    for (auto& done : answered) done(kafka::Delivery{Partition{0}, Offset{1}});
    return answered.size();
  }
  Result<void> warm(const TopicName&, std::chrono::milliseconds) override { return {}; }
  Result<void> flush(std::chrono::milliseconds) override { return {}; }
  std::size_t bytes_in_flight() const override { return 0; }
  std::size_t records_in_flight() const override { return done_.size(); }
  std::chrono::milliseconds since_broker_answered() const override { return {}; }

 private:
  std::deque<kafka::Done> done_;
};

class Edge {
 public:
  Edge() : thread_(shared_, 0) {}
  void admit(int socket) {
    http::Socket adopted(thread_.io().get_executor());
    adopted.assign(http::Tcp::v4(), socket);
    std::make_shared<http::Connection>(thread_, std::move(adopted))->start();
  }
  void turn() {
    thread_.io().restart();
    do {
      thread_.io().poll();
    } while (producer_.serve({}) != 0);
  }
  void look_for_leaks() {
    holds(shared_.connections == 0, "every connection ends with its client");
    holds(budget_->used() == 0, "the budget is given back");
    holds(in_flight_.jobs() == 0, "no job is left");
  }

 private:
  http::Routes routes() {
    auto admit = [this](http::Request& request) { return intake_.admit(request); };
    http::Route stream{"GET", "/ingest/stream", "", 1 << 16};
    stream.admit = [this](http::Request& request) { return intake_.admit_stream(request); };
    stream.upgrade = [this](http::Request&, std::shared_ptr<http::Stream> to) {
      return std::make_shared<ingest::Talk>(ingest::Talk::Parts{intake_, budget_, {4, 4096}}, ingest::Intake::Sender{}, to);
    };
    return http::Routes({
        {"POST", "/ingest/message", "", 1 << 14, admit,
         [this](http::Request& r, http::Responder to) { intake_.single(r, std::move(to)); }},
        {"POST", "/ingest/batch", "", 1 << 16, admit,
         [this](http::Request& r, http::Responder to) { intake_.batch(r, std::move(to)); }},
        {"POST", "/ingest/media/{type}", "", 1 << 16, [this](http::Request& r) { return intake_.admit_media(r); },
         [this](http::Request& r, http::Responder to) { intake_.media(r, std::move(to)); }},
        stream,
        {"GET", "/healthz", "", 0, {}, [](http::Request&, http::Responder to) { to.answer({.body = "{}"}); }},
    });
  }

  model::Catalogue catalogue_ = ingest::test_catalogue();
  Registry registry_;
  ingest::TypeTable types_{catalogue_, registry_};
  ingest::Keys keys_{{}};
  ingest::Probe probe_{registry_};
  ingest::DrainRate rate_;
  Acknowledging producer_;
  std::shared_ptr<http::ByteBudget> budget_ = std::make_shared<http::ByteBudget>(1 << 18);
  ingest::InFlight in_flight_{{producer_, *budget_, rate_, probe_, std::chrono::hours(1)}};
  ingest::Intake intake_{{types_, keys_, in_flight_, probe_, [] { return Micros{1'764'000'000'000'000}; },
                          steady_now, [] { return std::chrono::milliseconds(0); }, 100, 1}};
  http::Shared shared_{{.idle_timeout = std::chrono::hours(1)}, routes(), budget_, Log::silent()};
  http::IoThread thread_;
};

/// One client, whose answers are read and thrown away.
class Client {
 public:
  explicit Client(Edge& edge) : edge_(edge) {
    int pair[2];
    holds(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0, "there is a pair of sockets");
    socket_ = pair[1];
    edge_.admit(pair[0]);
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
      if (count <= 0 && errno != EAGAIN) break;
      turn();
    }
  }
  void finish() {
    ::shutdown(socket_, SHUT_WR);
    turn();
    ::close(socket_);
    for (int i = 0; i < 4; ++i) edge_.turn();
    edge_.look_for_leaks();
  }

 private:
  void turn() {
    char piece[4096];
    do {
      edge_.turn();
    } while (::recv(socket_, piece, sizeof piece, 0) > 0);
  }
  Edge& edge_;
  int socket_ = -1;
};

}  // namespace loom::fuzz
