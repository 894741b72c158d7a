// The stage without HTTP: a lambda is the service. The real one, faults included, is in app/web_service_test.cc.
#include "stages/http/http.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

namespace loom::stages {
namespace {

class HttpStageTest : public testing::Test {
 protected:
  std::vector<Outcome> handle(int messages, int connections, const Ask& ask) {
    std::vector<std::string> texts;
    std::vector<Envelope> envelopes(static_cast<std::size_t>(messages));
    for (int i = 0; i < messages; ++i) texts.push_back(R"({"n":)" + std::to_string(i) + "}");
    for (std::size_t i = 0; i < texts.size(); ++i) envelopes[i].json = texts[i];
    HttpStage stage("/go", rest_, std::vector<Ask>(static_cast<std::size_t>(connections), ask));
    return stage.handle(envelopes);
  }
  std::shared_ptr<Rest> rest_ = std::make_shared<Rest>();
};

TEST_F(HttpStageTest, EachMessageIsARequestAndItsAnswerIsItsOwn) {
  auto outcomes = handle(10, 3, [](std::string_view path, std::string_view body) -> Result<ServiceReply> {
    EXPECT_EQ(path, "/go");
    return ServiceReply{200, R"({"result":)" + std::string(body) + "}"};
  });
  ASSERT_EQ(outcomes.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i)
    EXPECT_EQ(std::get<Emit>(outcomes[i]).messages.at(0).result, R"({"message":{"n":)" + std::to_string(i) + "}}");
}

TEST_F(HttpStageTest, AsManyAreUnderWayAsThereAreConnectionsAndNoMore) {
  std::mutex mutex;
  std::condition_variable changed;
  int open = 0, most = 0, begun = 0;
  auto outcomes = handle(9, 3, [&](std::string_view, std::string_view) -> Result<ServiceReply> {
    std::unique_lock lock(mutex);
    most = std::max(most, ++open);
    ++begun;
    changed.notify_all();
    changed.wait(lock, [&] { return begun >= 3; });  // the first waits until three are under way
    --open;
    return ServiceReply{200, R"({"drop":"x"})"};
  });
  EXPECT_EQ(outcomes.size(), 9U);
  EXPECT_EQ(most, 3);
}

TEST_F(HttpStageTest, WhileTheServiceRestsItIsNotAsked) {
  int asked = 0;
  auto busy = [&](std::string_view, std::string_view) -> Result<ServiceReply> {
    ++asked;
    return ServiceReply{503, "", "60"};
  };
  for (const auto& outcome : handle(5, 1, busy))
    EXPECT_EQ(std::get<Retry>(outcome).error.kind, ErrorKind::unavailable);
  handle(1, 1, busy);
  EXPECT_EQ(asked, 1);
}

TEST_F(HttpStageTest, WhatIsThrownIsTheMessagesOwn) {
  auto outcomes = handle(4, 4, [](std::string_view, std::string_view body) -> Result<ServiceReply> {
    if (body.find(":2") != std::string_view::npos) throw std::runtime_error("broke");
    return ServiceReply{200, R"({"drop":"x"})"};
  });
  EXPECT_EQ(std::get<Retry>(outcomes[2]).error.kind, ErrorKind::internal);
  for (std::size_t i : {0, 1, 3}) EXPECT_TRUE(std::holds_alternative<Drop>(outcomes[i]));
}

TEST(HttpOptions, WrongOnesAreNamed) {
  struct Row {
    const char *yaml, *fault;
  };
  for (const auto& row : {
           Row{"url: 127.0.0.1:9000", "is no address"},
           Row{"url: 'http://a b'", "no address has"},
           Row{"url: 'http://me:secret@host/x'", "must hold no password"},
           Row{"{url: 'http://h', path: go}", "must begin with /"},
           Row{"{url: 'http://h', path: '/a b'}", "escape it"},
           Row{"{url: 'http://h', headers: {'X Y': z}}", "is no header"},
           Row{"{url: 'http://h', headers: {X: \"a\\r\\nB: c\"}}", "is no header"},
           Row{"{url: 'http://h', in_flight: 0}", "from 1 to 64"},
           Row{"{url: 'http://h', timeout: 0}", "more than 0"},
           Row{"{url: 'http://h', method: PUT}", "method"},
       }) {
    config::Faults faults;
    auto node = config::Node::parse(row.yaml, "loom.yaml", faults);
    (void)http_options().read(node, faults);
    ASSERT_EQ(faults.all().size(), 1U) << row.yaml << faults.text();
    EXPECT_NE(faults.text().find(row.fault), std::string::npos) << faults.text();
    EXPECT_EQ(faults.text().find("secret"), std::string::npos) << "a password is shown";
  }
}

TEST(HttpOptions, TheKeyComesFromTheEnvironment) {
  HttpOptions options;
  options.url = "http://h", options.api_key_env = "HTTP_STAGE_TEST_KEY", options.headers = {{"X-A", "b"}};
  ::unsetenv("HTTP_STAGE_TEST_KEY");
  auto service = service_of(options);
  ASSERT_FALSE(service);
  EXPECT_EQ(service.error().kind, ErrorKind::configuration);
  ::setenv("HTTP_STAGE_TEST_KEY", "abc", 1);
  service = service_of(options);
  ASSERT_TRUE(service);
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(service->headers, (Headers{{"X-A", "b"}, {"Authorization", "Bearer abc"}}));
}

}  // namespace
}  // namespace loom::stages
