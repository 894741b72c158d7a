#include <gtest/gtest.h>

#include <thread>

#include "http/client.h"
#include "http/server.h"
#include "http/tls_files.h"
#include "http/web_socket_client.h"
#include "http/wire.h"

namespace loom::http {
namespace {

using namespace std::chrono_literals;

class Echo final : public Listener {
 public:
  explicit Echo(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  void on_message(Frame& frame) override {
    if (auto stream = stream_.lock()) stream->send(frame.bytes, frame.binary);
  }
  void on_refused(const Error&, int) override {}
  bool full() const override { return false; }
  bool idle() const override { return true; }

 private:
  std::weak_ptr<Stream> stream_;
};

class Secured {
 public:
  explicit Secured(ServerTls tls) {
    ServerOptions options;
    options.tls = std::move(tls);
    options.sweep = 10ms;
    Route echo{"GET", "/stream", "", 1 << 20};
    echo.upgrade = [](Request&, std::shared_ptr<Stream> to) { return std::make_shared<Echo>(std::move(to)); };
    Routes routes({{"POST", "/size", "", 4 << 20, {},
                    [](Request& r, Responder to) { to.answer({.body = std::to_string(r.body.size())}); }},
                   {"GET", "/large", "", 0, {}, [](Request&, Responder to) { to.answer({.body = std::string(1 << 20, 'x')}); }},
                   echo});
    server = std::move(*Server::open(options, std::move(routes), std::make_shared<ByteBudget>(8 << 20), Log::silent()));
    thread = std::thread([this] { server->run(stop); });
  }
  ~Secured() {
    stop = true;
    thread.join();
  }
  std::string at(const std::string& scheme) const { return scheme + "://localhost:" + std::to_string(server->port()); }
  std::unique_ptr<Server> server;
  std::atomic<bool> stop{false};
  std::thread thread;
};

TEST(ServerTls, serves_requests_and_streams) {
  TlsFiles files("localhost");
  Secured secured({files.cert(), files.key(), "", ""});
  ClientOptions options;
  options.ca_file = files.ca();
  auto client = Client::open(secured.at("https"), options);
  for (int i = 0; i < 2; ++i) {
    auto posted = client->post("/size", {.body = std::string(300000, 'x')});
    ASSERT_TRUE(posted) << to_string(posted.error());
    EXPECT_EQ(posted->body, "300000");
    auto large = client->get("/large");
    ASSERT_TRUE(large) << to_string(large.error());
    EXPECT_EQ(large->body.size(), 1U << 20);
  }
  auto stream = WebSocketClient::connect(secured.at("wss") + "/stream", options);
  ASSERT_TRUE(stream) << to_string(stream.error());
  ASSERT_TRUE(stream->send(std::string(200000, 'y')));
  auto back = stream->receive(20s);
  ASSERT_TRUE(back && *back);
  EXPECT_EQ((*back)->bytes.size(), 200000U);
}

TEST(ServerTls, tells_one_that_speaks_plainly) {
  TlsFiles files("localhost");
  Secured secured({files.cert(), files.key(), "", ""});
  auto client = Client::open(secured.at("http"));
  auto reply = client->post("/size", {.body = "abc"});
  ASSERT_TRUE(reply) << to_string(reply.error());
  EXPECT_EQ(reply->status, 400);
  EXPECT_NE(reply->body.find("this port speaks TLS"), std::string::npos) << reply->body;
}

TEST(ServerTls, ends_although_clients_stay_silent) {
  TlsFiles files("localhost");
  Secured secured({files.cert(), files.key(), "", ""});
  ClientOptions options;
  options.ca_file = files.ca();
  auto silent = Wire::connect("127.0.0.1", secured.server->port(), 5s);
  auto client = Client::open(secured.at("https"), options);
  ASSERT_TRUE(client->get("/large"));
}

TEST(ServerTls, takes_the_password_of_an_encrypted_key) {
  TlsFiles files("localhost", "hunter2");
  EXPECT_TRUE(check_tls({files.cert(), files.key(), "hunter2", ""}));
  for (const auto* password : {"", "wrong"}) {
    auto checked = check_tls({files.cert(), files.key(), password, ""});
    ASSERT_FALSE(checked) << password;
    EXPECT_NE(checked.error().remedy.find("key_password"), std::string::npos);
    EXPECT_EQ(to_string(checked.error()).find("hunter2"), std::string::npos);
  }
}

TEST(ServerTls, names_the_file_that_is_wrong) {
  TlsFiles files("localhost"), others("localhost");
  struct Row {
    ServerTls tls;
    const char* field;
    std::string named;
  };
  const Row rows[] = {{{"/nowhere", files.key(), "", ""}, "api.tls.cert", "/nowhere"},
                      {{files.key(), files.key(), "", ""}, "api.tls.cert", files.key()},
                      {{files.cert(), "/nowhere", "", ""}, "api.tls.key", "/nowhere"},
                      {{files.cert(), others.key(), "", ""}, "api.tls.key", "does not belong"},
                      {{files.cert(), files.key(), "", "/dev/null"}, "api.tls.client_ca", "/dev/null"}};
  for (const auto& row : rows) {
    auto checked = check_tls(row.tls);
    ASSERT_FALSE(checked) << row.named;
    EXPECT_EQ(checked.error().kind, ErrorKind::configuration);
    EXPECT_EQ(checked.error().field, row.field);
    EXPECT_NE(checked.error().message.find(row.named), std::string::npos) << checked.error().message;
  }
}

}  // namespace
}  // namespace loom::http
