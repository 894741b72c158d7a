#include "app/otlp.h"

#include <gtest/gtest.h>

#include "http/scripted_peer.h"

namespace loom::app {
namespace {

std::string answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

TEST(Otlp, SendsToTheReceiversPath) {
  for (const auto* ending : {"", "/", "/v1/traces"}) {
    http::Scripted server({answer("200 OK", R"({"partialSuccess":{}})")});
    ASSERT_TRUE(send_spans(server.url() + ending, R"({"resourceSpans":[]})"));
    ASSERT_EQ(server.seen.size(), 1u);
    EXPECT_TRUE(server.seen[0].starts_with("POST /v1/traces HTTP/1.1\r\n")) << server.seen[0];
    EXPECT_NE(server.seen[0].find("application/json"), std::string::npos);
  }
}

TEST(Otlp, TellsWhatTheCollectorSays) {
  http::Scripted refuses({answer("200 OK", R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}})")});
  auto sent = send_spans(refuses.url(), "{}");
  ASSERT_FALSE(sent);
  EXPECT_NE(sent.error().message.find("too old"), std::string::npos);

  http::Scripted other({answer("404 Not Found", "no such page")});
  sent = send_spans(other.url(), "{}");
  ASSERT_FALSE(sent);
  EXPECT_NE(sent.error().message.find("404: no such page"), std::string::npos);
  EXPECT_NE(sent.error().remedy.find("4318"), std::string::npos);

  http::Scripted away({answer("503 Service Unavailable", "")});
  sent = send_spans(away.url(), "{}");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::unavailable);
}

TEST(Otlp, HeadersComeFromTheEnvironment) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(headers_of_text("api-key=a%20b, x = 1,,nonsense,=2"), (Pairs{{"api-key", "a b"}, {"x", "1"}}));
  EXPECT_EQ(headers_of_text(""), Pairs{});
}

}  // namespace
}  // namespace loom::app
