#include <gtest/gtest.h>

#include <csignal>

#include "http/client.h"
#include "http/tls_peer.h"

namespace loom::http {
namespace {

Result<ClientReply> ask(const std::string& url, const std::string& ca_file) {
  ClientOptions options;
  options.ca_file = ca_file;
  options.connect_timeout = options.timeout = std::chrono::seconds(10);
  auto client = Client::open(url, options);
  if (!client) return tl::unexpected(client.error());
  return client->get("/");
}

class TlsClient : public testing::Test {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }  // the peer's own writes
};

TEST_F(TlsClient, asks_twice_on_one_connection) {
  TlsPeer peer("localhost");
  ClientOptions options;
  options.ca_file = peer.ca_file();
  auto client = Client::open(peer.url("localhost"), options);
  ASSERT_TRUE(client) << to_string(client.error());
  std::string large(100000, 'x');  // more than a TLS record
  large += "the end";
  for (int i = 0; i < 3; ++i) {
    auto reply = i == 1 ? client->post("/", {.body = large}) : client->get("/");
    ASSERT_TRUE(reply) << to_string(reply.error());
    EXPECT_EQ(reply->body, "hi");
  }
  EXPECT_EQ(peer.handshakes(), 1);
}

TEST_F(TlsClient, trusts_no_unknown_authority) {
  TlsPeer peer("localhost");
  auto reply = ask(peer.url("localhost"), "");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
  EXPECT_NE(reply.error().message.find("not trusted"), std::string::npos) << reply.error().message;
}

TEST_F(TlsClient, wants_the_host_it_asked_for) {
  TlsPeer peer("elsewhere.example");
  for (const auto* host : {"localhost", "127.0.0.1"}) {
    auto reply = ask(peer.url(host), peer.ca_file());
    ASSERT_FALSE(reply) << host;
    EXPECT_NE(reply.error().message.find("mismatch"), std::string::npos) << reply.error().message;
  }
}

TEST_F(TlsClient, wants_a_certificate_of_today) {
  TlsPeer peer("localhost", -60);
  auto reply = ask(peer.url("localhost"), peer.ca_file());
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("expired"), std::string::npos) << reply.error().message;
}

TEST_F(TlsClient, names_a_file_that_holds_no_authorities) {
  for (const auto* file : {"/nowhere/ca.pem", "/dev/null"}) {
    auto client = Client::open("https://localhost:1", {.ca_file = file});
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().kind, ErrorKind::configuration);
    EXPECT_EQ(client.error().field, "ca_file");
  }
}

}  // namespace
}  // namespace loom::http
