#include "http/client.h"

#include <gtest/gtest.h>

#include "http/scripted_peer.h"

namespace loom::http {
namespace {

using namespace std::chrono_literals;

TEST(Client, reads_every_form_of_a_reply) {
  struct Row {
    const char* text;
    int status;
    const char* body;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi", 200, "hi"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n!!!\r\n0\r\n\r\n", 200, "hi!!!"},
      {"HTTP/1.1 503 No\r\n\r\nuntil the end", 503, "until the end"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x"},
      {"HTTP/1.1 204 Nothing\r\n\r\n", 204, ""},
  };
  for (const auto& row : rows) {
    Scripted server({row.text});
    auto client = Client::open(server.url() + "/base/");
    auto reply = client->get("/path");
    ASSERT_TRUE(reply) << to_string(reply.error());
    EXPECT_EQ(reply->status, row.status);
    EXPECT_EQ(reply->body, row.body);
  }
}

TEST(Client, sends_what_it_is_told) {
  Scripted server({"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nRetry-After: 3\r\n\r\n"});
  ClientOptions options;
  options.headers = {{"X-API-Key", "secret"}};
  auto client = Client::open(server.url() + "/v1", options);
  auto reply = client->post("/a?b=c", {.body = "{}", .content_type = "application/json", .headers = {{"X-One", "1"}}});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header("retry-after"), "3");
  ASSERT_EQ(server.seen.size(), 1u);
  EXPECT_TRUE(server.seen[0].starts_with("POST /v1/a?b=c HTTP/1.1\r\nHost: 127.0.0.1:"));
  for (const auto* line : {"X-API-Key: secret\r\n", "X-One: 1\r\n", "Content-Length: 2\r\n"})
    EXPECT_NE(server.seen[0].find(line), std::string::npos) << line;
}

TEST(Client, connects_again_after_the_server_closed) {
  std::string once = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  Scripted server({once, once});
  auto client = Client::open(server.url());
  ASSERT_TRUE(client->get("/"));
  while (true) {  // the close may not have arrived yet; a request that met it is refused, the next is served
    auto second = client->get("/");
    if (second) break;
    EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  }
}

TEST(Client, tells_what_went_wrong) {
  struct Row {
    const char* text;
    ErrorKind kind;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", ErrorKind::unavailable},
      {"", ErrorKind::unavailable},
      {"nonsense\r\n\r\n", ErrorKind::malformed},
      {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", ErrorKind::too_large},
  };
  for (const auto& row : rows) {
    Scripted server({row.text});
    ClientOptions options;
    options.max_body = 100;
    auto reply = Client::open(server.url(), options)->get("/");
    ASSERT_FALSE(reply) << row.text;
    EXPECT_EQ(reply.error().kind, row.kind) << row.text;
  }
}

TEST(Client, gives_up_in_time) {
  Scripted silent({}, false);
  ClientOptions options;
  options.timeout = 20ms;
  auto reply = Client::open(silent.url(), options)->get("/");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::timeout);
}

TEST(Client, names_a_server_that_is_not_there) {
  int port = Scripted({}, false).port();
  auto reply = Client::open("http://127.0.0.1:" + std::to_string(port))->get("/");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
  EXPECT_NE(reply.error().message.find(std::to_string(port)), std::string::npos);
}

TEST(Client, refuses_words_that_would_break_the_request) {
  auto client = Client::open("http://127.0.0.1:1");
  EXPECT_EQ(client->get("/a b").error().kind, ErrorKind::invalid_value);
  EXPECT_EQ(client->post("/", {.body = "", .headers = {{"X", "a\r\nb"}}}).error().kind, ErrorKind::invalid_value);
}

TEST(Url, is_read_or_refused) {
  auto url = parse_url("http://example:81/v1/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "example");
  EXPECT_EQ(url->port, 81);
  EXPECT_EQ(url->path, "/v1");
  EXPECT_EQ(parse_url("http://[::1]:9")->host, "::1");
  EXPECT_EQ(parse_url("http://host")->port, 80);
  EXPECT_EQ(parse_url("https://host")->port, 443);
  EXPECT_TRUE(parse_url("wss://host:9/x", "ws")->secure);
  for (const auto* wrong :
       {"", "host:80", "ftp://host", "http://", "http://host:0", "http://host:99999", "http://host:x"}) {
    auto refused = parse_url(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().kind, ErrorKind::configuration);
  }
}

}  // namespace
}  // namespace loom::http
