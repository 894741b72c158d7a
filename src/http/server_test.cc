#include "http/server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "http/client.h"
#include "http/wire.h"

namespace loom::http {
namespace {

using namespace std::chrono_literals;

auto soon() { return Wire::Clock::now() + 20s; }

/// Keeps responders until the test lets them answer.
class Waiting {
 public:
  void push(Responder responder, std::string body) {
    std::lock_guard lock(mutex_);
    held_.emplace_back(std::move(responder), std::move(body));
    changed_.notify_all();
  }
  std::pair<Responder, std::string> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !held_.empty(); });
    auto first = std::move(held_.front());
    held_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Responder, std::string>> held_;
};

/// A server in a thread, with an echo, a route that waits, and one that is refused at the door.
class Serving {
 public:
  explicit Serving(ServerOptions options = {}, std::size_t budget_bytes = 1 << 20)
      : budget(std::make_shared<ByteBudget>(budget_bytes)) {
    options.sweep = 10ms;
    auto opened = Server::open(std::move(options), routes(), budget, Log::silent());
    if (!opened) throw std::runtime_error(to_string(opened.error()));
    server = std::move(*opened);
    thread = std::thread([this] { server->run(stop); });
  }
  ~Serving() { finish(); }
  void finish() {
    stop = true;
    if (thread.joinable()) thread.join();
  }
  Wire connect() const { return std::move(*Wire::connect("127.0.0.1", server->port(), 5s)); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  std::shared_ptr<ByteBudget> budget;
  Waiting waiting;
  std::atomic<bool> stop{false};
  std::unique_ptr<Server> server;
  std::thread thread;

 private:
  Routes routes() {
    auto shut = [](Request&) {
      return std::optional<Refusal>(Refusal{Error{ErrorKind::unauthorized, "no", {}, {}, {}}, {}});
    };
    return Routes({
        {"GET", "/hello", "", 0, {}, [](Request&, Responder to) { to.answer({.body = "hello"}); }},
        {"POST", "/echo", "", 1000, {}, [](Request& r, Responder to) { to.answer({.body = r.body}); }},
        {"POST",
         "/large",
         "",
         4 << 20,
         {},
         [](Request& r, Responder to) { to.answer({.body = std::to_string(r.body.size())}); }},
        {"POST", "/wait", "", 1000, {}, [this](Request& r, Responder to) { waiting.push(std::move(to), r.body); }},
        {"POST", "/shut", "", 1 << 20, shut, [](Request&, Responder to) { to.answer({}); }},
        {"GET",
         "/things/{id}",
         "",
         0,
         {},
         [](Request& r, Responder to) { to.answer({.body = r.parameter + "|" + r.query_value("q").value_or("-")}); }},
        {"GET", "/lost", "", 0, {}, [](Request&, Responder) {}},
    });
  }
};

/// Reads one reply with a Content-Length; what follows it stays in `rest`.
std::string read_reply(Wire& wire, std::string& rest) {
  char piece[4096];
  while (true) {
    auto end = rest.find("\r\n\r\n");
    if (end != std::string::npos) {
      auto at = rest.find("Content-Length: ");
      auto whole = end + 4 + (at < end ? std::stoul(rest.substr(at + 16)) : 0);
      if (rest.size() >= whole) {
        auto reply = rest.substr(0, whole);
        rest.erase(0, whole);
        return reply;
      }
    }
    auto count = wire.receive(piece, sizeof piece, soon());
    if (!count || *count == 0) return std::exchange(rest, "");
    rest.append(piece, *count);
  }
}
std::string read_all(Wire& wire) {
  std::string all;
  char piece[4096];
  while (auto count = wire.receive(piece, sizeof piece, soon())) {
    if (*count == 0) break;
    all.append(piece, *count);
  }
  return all;
}
std::string ask_raw(const Serving& serving, std::string_view request) {
  auto wire = serving.connect();
  EXPECT_TRUE(wire.send(request, soon()));
  wire.finish_sending();
  return read_all(wire);
}
int status_of(const std::string& reply) { return reply.size() > 12 ? std::stoi(reply.substr(9, 3)) : 0; }

TEST(Server, answers_each_request_by_its_route) {
  Serving serving;
  struct Row {
    const char* request;
    int status;
    const char* holds;
  };
  const Row rows[] = {
      {"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\r\n\r\nhello"},
      {"GET /hello?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", 200, "hello"},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 200, "\r\n\r\nabc"},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 200,
       "\r\n\r\nabcde"},
      {"POST /echo HTTP/1.1\r\nHost: x\r\n\r\n", 200, "Content-Length: 0"},
      {"GET /things/a%20b?z=1&q=%41c HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\r\n\r\na b|Ac"},
      {"GET /things/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"},
      {"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "urn:loom:problem:not_found"},
      {"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: POST\r\n"},
      {"DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: GET, HEAD\r\n"},
      {"GET /lost HTTP/1.1\r\nHost: x\r\n\r\n", 500, "internal"},
      {"POST /shut HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 401, "WWW-Authenticate"},
      {"nonsense\r\n\r\n", 400, "malformed"},
      {"GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400, "malformed"},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed"},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed"},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413, "\"limit\":1000"},
      {"GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", 413, "send no body"},
      {"GET /hello HTTP/1.0\r\n\r\n", 200, "Connection: close"},
      {"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "Connection: keep-alive"},
  };
  for (const auto& row : rows) {
    auto reply = ask_raw(serving, row.request);
    EXPECT_EQ(status_of(reply), row.status) << row.request << "\n" << reply;
    EXPECT_NE(reply.find(row.holds), std::string::npos) << row.request << "\n" << reply;
  }
}

TEST(Server, head_gives_the_length_without_the_body) {
  Serving serving;
  auto reply = ask_raw(serving, "HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(reply.find("Content-Length: 5"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
}

TEST(Server, refuses_a_long_head_with_431) {
  Serving serving;
  auto reply = ask_raw(serving, "GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(20000, 'a') + "\r\n\r\n");
  EXPECT_EQ(status_of(reply), 431);
}

TEST(Server, refuses_a_chunked_body_over_the_limit) {
  Serving serving;
  std::string request = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) request += "64\r\n" + std::string(100, 'x') + "\r\n";
  auto reply = ask_raw(serving, request + "0\r\n\r\n");
  EXPECT_EQ(status_of(reply), 413);
  EXPECT_NE(reply.find("Connection: close"), std::string::npos);
}

TEST(Server, answers_pipelined_requests_in_order) {
  Serving serving;
  auto wire = serving.connect();
  std::string rest;
  // the first waits; the others are there already and must not overtake it
  ASSERT_TRUE(
      wire.send("POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
                "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
                "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n2"
                "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nlast",
                soon()));
  auto [first, first_body] = serving.waiting.pop();
  EXPECT_EQ(first_body, "1");
  first.answer({.body = "one"});
  EXPECT_TRUE(read_reply(wire, rest).ends_with("one"));
  EXPECT_TRUE(read_reply(wire, rest).ends_with("hello"));
  auto [second, second_body] = serving.waiting.pop();
  EXPECT_EQ(second_body, "2");
  second.answer({.body = "two"});
  EXPECT_TRUE(read_reply(wire, rest).ends_with("two"));
  EXPECT_TRUE(read_reply(wire, rest).ends_with("last"));
}

TEST(Server, keeps_the_connection_after_a_small_refused_body) {
  Serving serving;
  auto wire = serving.connect();
  std::string rest;
  ASSERT_TRUE(wire.send("POST /shut HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n", soon()));
  ASSERT_TRUE(wire.send("abcGET /hello HTTP/1.1\r\nHost: x\r\n\r\n", soon()));
  EXPECT_EQ(status_of(read_reply(wire, rest)), 401);
  EXPECT_TRUE(read_reply(wire, rest).ends_with("hello"));
}

TEST(Server, refuses_before_a_large_body_is_read) {
  Serving serving;
  auto wire = serving.connect();
  ASSERT_TRUE(
      wire.send("POST /shut HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n", soon()));  // and no byte of it
  auto reply = read_all(wire);
  EXPECT_EQ(status_of(reply), 401);
  EXPECT_NE(reply.find("Connection: close"), std::string::npos);
}

TEST(Server, takes_large_bodies_in_pieces) {
  Serving serving({}, 16 << 20);
  auto client = Client::open(serving.url());
  std::string body(3 << 20, 'x');
  for (int i = 0; i < 3; ++i) {
    auto reply = client->post("/large", {.body = body});
    ASSERT_TRUE(reply) << to_string(reply.error());
    EXPECT_EQ(reply->body, std::to_string(body.size()));
  }
  serving.finish();
  EXPECT_EQ(serving.budget->used(), 0u);
}

TEST(Server, answers_expect_100_continue) {
  Serving serving;
  auto wire = serving.connect();
  std::string rest;
  ASSERT_TRUE(wire.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", soon()));
  EXPECT_EQ(status_of(read_reply(wire, rest)), 100);
  ASSERT_TRUE(wire.send("ok", soon()));
  EXPECT_TRUE(read_reply(wire, rest).ends_with("\r\n\r\nok"));
}

TEST(Server, says_no_instead_of_100_continue) {
  Serving serving;
  auto wire = serving.connect();
  ASSERT_TRUE(
      wire.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n", soon()));
  EXPECT_EQ(status_of(read_all(wire)), 413);
}

TEST(Server, cuts_off_slow_heads_and_bodies_and_idle_connections) {
  ServerOptions options;
  options.head_timeout = options.body_timeout = options.idle_timeout = 30ms;
  options.body_bytes_per_second = 1 << 30;
  Serving serving(options);
  struct Row {
    const char* sent;
    int status;
  };
  const Row rows[] = {
      {"GET /hel", 408}, {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", 408}, {"", 0}};
  for (const auto& row : rows) {
    auto wire = serving.connect();
    ASSERT_TRUE(wire.send(row.sent, soon()));
    EXPECT_EQ(status_of(read_all(wire)), row.status) << row.sent;
  }
}

int port_of(int fd, decltype(::getsockname)& ask) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  bool is_known = ask(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0 && name.sin_family == AF_INET;
  return is_known ? ntohs(name.sin_port) : -1;
}

/// The server's end of a connection of this process.
int other_end(const Wire& wire) {
  for (int fd = 3; fd < 1024; ++fd)
    if (port_of(fd, ::getpeername) == port_of(wire.fd(), ::getsockname)) return fd;
  return -1;
}

/// The client reads nothing, so that its refusal waits to be written while it goes on sending. That what still comes goes
/// nowhere but into memory that is there, a sanitizer sees.
TEST(Server, keeps_a_slow_body_while_it_is_read) {
  std::atomic<int> refused{0};
  std::optional<Wire> wire;
  ServerOptions options;
  options.body_timeout = 1s;
  options.body_bytes_per_second = 1 << 30;
  options.on_refused = [&](int status) {
    const std::string full(64 << 10, ' ');
    while (::send(other_end(*wire), full.data(), full.size(), MSG_DONTWAIT) > 0) {
    }
    refused = status, refused.notify_one();
  };
  Serving serving(options);
  wire = serving.connect();
  const std::string head = "POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
  ASSERT_TRUE(wire->send(head + std::string(20000, 'x'), soon()));
  refused.wait(0);
  EXPECT_EQ(refused, 408);
  EXPECT_EQ(serving.budget->used(), 200000U);
  ASSERT_TRUE(wire->send(std::string(40000, 'y'), soon()));
  EXPECT_EQ(status_of(ask_raw(serving, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")), 200);
  read_all(*wire);
  serving.finish();
  EXPECT_EQ(serving.budget->used(), 0U);
}

TEST(Server, holds_no_more_than_its_budget) {
  Serving serving({}, 100000);
  auto first = serving.connect();
  ASSERT_TRUE(first.send("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n", soon()));
  // the second is refused once the first one's promise is counted; until then it is let in
  std::string reply;
  do {
    reply =
        ask_raw(serving, "POST /large HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 20000\r\n\r\n");
  } while (status_of(reply) != 503);
  EXPECT_NE(reply.find("Retry-After: 1"), std::string::npos);
  ASSERT_TRUE(first.send(std::string(90000, 'x'), soon()));
  std::string rest;
  EXPECT_TRUE(read_reply(first, rest).ends_with("90000"));
}

TEST(Server, a_client_that_leaves_changes_nothing_for_the_handler) {
  Serving serving;
  {
    auto wire = serving.connect();
    ASSERT_TRUE(wire.send("POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", soon()));
  }
  auto [responder, body] = serving.waiting.pop();
  EXPECT_EQ(body, "x");
  responder.answer({.body = "nobody hears this"});
  EXPECT_NE(ask_raw(serving, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").find("hello"), std::string::npos);
}

TEST(Server, refuses_connections_over_the_limit) {
  ServerOptions options;
  options.max_connections = 1;
  Serving serving(options);
  auto first = serving.connect();
  std::string rest;
  ASSERT_TRUE(first.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", soon()));
  EXPECT_EQ(status_of(read_reply(first, rest)), 200);
  auto second = serving.connect();
  EXPECT_EQ(status_of(read_all(second)), 503);
}

TEST(Server, finishes_what_is_in_flight_before_it_ends) {
  Serving serving;
  auto wire = serving.connect();
  ASSERT_TRUE(wire.send("POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", soon()));
  auto [responder, body] = serving.waiting.pop();
  serving.stop = true;
  while (!serving.server->draining()) std::this_thread::yield();
  responder.answer({.body = "done"});
  auto reply = read_all(wire);
  EXPECT_TRUE(reply.ends_with("done"));
  EXPECT_NE(reply.find("Connection: close"), std::string::npos);
  serving.finish();
  EXPECT_FALSE(Wire::connect("127.0.0.1", serving.server->port(), 1s));
}

TEST(Server, gives_up_what_never_ends) {
  ServerOptions options;
  options.drain_timeout = 20ms;
  Serving serving(options);
  auto wire = serving.connect();
  ASSERT_TRUE(wire.send("POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", soon()));
  auto held = serving.waiting.pop();
  serving.finish();  // returns although the responder is still held
  held.first = Responder();
  serving.server.reset();
}

TEST(Server, answers_from_several_threads) {
  ServerOptions options;
  options.threads = 3;
  Serving serving(options);
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < 6; ++c) {
    clients.emplace_back([&, c] {
      auto client = Client::open(serving.url());
      for (int i = 0; i < 50; ++i) {
        auto body = std::to_string(c * 1000 + i);
        auto reply = client->post("/wait", {.body = body});
        right += reply && reply->body == body;
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    auto [responder, body] = serving.waiting.pop();
    responder.answer({.body = body});  // from this thread, which is none of the server's
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right.load(), 300);
}

TEST(Server, names_a_port_in_use) {
  Serving serving;
  for (int threads : {1, 2}) {
    ServerOptions options;
    options.listen = "127.0.0.1:" + std::to_string(serving.server->port());
    options.threads = threads;
    auto second = Server::open(options, Routes({}), serving.budget, Log::silent());
    ASSERT_FALSE(second) << threads;
    EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
    EXPECT_NE(second.error().message.find(options.listen), std::string::npos);
  }
}

TEST(Server, refuses_what_is_no_address) {
  for (const auto* listen : {"", "nonsense", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "nohost:80"}) {
    ServerOptions options;
    options.listen = listen;
    auto server = Server::open(options, Routes({}), std::make_shared<ByteBudget>(1), Log::silent());
    ASSERT_FALSE(server) << listen;
    EXPECT_EQ(server.error().kind, ErrorKind::configuration) << listen;
  }
}

}  // namespace
}  // namespace loom::http
