// `use: http` over real sockets: a service that answers, and one with every fault.
#include "app/web_service.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "stages/kinds.h"
#include "tests/support/listener.h"

namespace loom::app {
namespace {

struct Answer {
  std::string bytes;
  enum class Then { keeps, closes, hangs, drips } then = Then::keeps;  // drips: the bytes again and again
};
std::string reply(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Answers each request on each connection as the test says. Threads: one, and one a connection.
class Peer {
 public:
  Peer() : thread_([this] { accept(); }) {}
  ~Peer() {
    stop_ = true;
    thread_.join();
  }
  std::string url() const { return "http://" + listener_.address(); }
  void answers(Answer answer) {
    std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void wait_for_closed(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ >= count; });
  }
  std::atomic<int> connections{0}, requests{0};

 private:
  void accept() {
    std::vector<std::jthread> talks;
    while (!stop_) {
      pollfd polled{listener_.fd(), POLLIN, 0};
      if (::poll(&polled, 1, 20) <= 0) continue;
      ++connections;
      talks.emplace_back([this, fd = listener_.accept()] {
        while (talk(fd)) {
        }
        ::close(fd);
        std::lock_guard lock(mutex_);
        ++closed_;
        changed_.notify_all();
      });
    }
  }
  /// One request and its answer; false: no more.
  bool talk(int fd) {
    std::string text;
    while (!is_whole(text)) {
      pollfd polled{fd, POLLIN, 0};
      if (::poll(&polled, 1, 20) <= 0 && !stop_) continue;
      char piece[4096];
      auto count = stop_ ? 0 : ::recv(fd, piece, sizeof piece, 0);
      if (count <= 0) return false;
      text.append(piece, static_cast<std::size_t>(count));
    }
    ++requests;
    auto answer = [this] {
      std::lock_guard lock(mutex_);
      return answer_;
    }();
    do {
      if (::send(fd, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL) < 0) return false;
    } while (answer.then == Answer::Then::drips && !stop_);
    while (answer.then == Answer::Then::hangs && !stop_) {
      char byte;
      pollfd polled{fd, POLLIN, 0};
      if (::poll(&polled, 1, 20) > 0 && ::recv(fd, &byte, 1, 0) <= 0) return false;
    }
    return answer.then == Answer::Then::keeps;
  }
  static bool is_whole(const std::string& text) {
    auto head = text.find("\r\n\r\n");
    auto length = text.find("Content-Length: ");
    return head != std::string::npos && length != std::string::npos && text.size() >= head + 4 + std::stoul(text.substr(length + 16));
  }

  test::Listener listener_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  int closed_ = 0;
  Answer answer_;
  std::jthread thread_;
};

class WebServiceTest : public testing::Test {
 protected:
  /// The stage's handler, as loom.yaml would make it.
  BatchHandler stage(const std::string& options) {
    config::Faults faults;
    auto node = config::Node::parse("{use: http, " + options + "}", "loom.yaml", faults);
    auto made = stages::find_kind("http")->make({node, {"use"}, {}, system_clock(), open_web_service}, faults);
    if (!made) throw std::runtime_error(faults.text());
    return *made->make_handler();
  }
  static std::string text_of(const Outcome& outcome) {
    auto kind = [](const Error& error) { return std::string(traits_of(error.kind).name); };
    if (auto* emit = std::get_if<Emit>(&outcome)) return emit->messages.at(0).result;
    if (auto* reject = std::get_if<Reject>(&outcome)) return "reject: " + reject->error.message;
    const auto& error = std::get<Retry>(outcome).error;
    return (traits_of(error.kind).remedy == Remedy::retry ? "retry " : "attempt ") + kind(error);
  }
  static std::vector<std::string> texts(const BatchHandler& handler, std::size_t count = 1) {
    std::vector<Envelope> messages(count);
    for (auto& message : messages) message.json = R"({"n":1})";
    std::vector<std::string> all;
    for (const auto& outcome : handler(messages)) all.push_back(text_of(outcome));
    return all;
  }
  using Texts = std::vector<std::string>;
  static inline const Answer good{reply(200, R"({"result":{"a":1}})")};
  Peer peer_;
};

TEST_F(WebServiceTest, ConnectionsAreKeptAndBounded) {
  auto handler = stage("in_flight: 3, path: /go, url: '" + peer_.url() + "'");
  peer_.answers(good);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(texts(handler, 8), Texts(8, R"({"a":1})"));
  EXPECT_EQ(peer_.requests, 40);
  EXPECT_LE(peer_.connections, 3);
}

TEST_F(WebServiceTest, AfterEachFaultTheStageGoesOn) {
  using Then = Answer::Then;
  struct Row {
    const char* fault;
    Answer answer;
    const char* outcome;
  };
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const auto& row : {
           Row{"hangs", {"", Then::hangs}, "retry timeout"},
           Row{"stops in the head", {"HTTP/1.1 200", Then::hangs}, "retry timeout"},
           Row{"closes", {"", Then::closes}, "retry unavailable"},
           Row{"no HTTP", {"hello\r\n\r\n", Then::closes}, "retry unavailable"},
           Row{"half an answer", {head + "Content-Length: 100\r\n\r\n{\"res", Then::closes}, "retry unavailable"},
           Row{"half a chunk", {head + "Transfer-Encoding: chunked\r\n\r\n64\r\n{\"res", Then::closes}, "retry unavailable"},
           Row{"a head without end", {std::string(1000, 'x'), Then::drips}, "retry unavailable"},
           Row{"a page", {reply(200, "<html></html>")}, "retry unavailable"},
           Row{"nothing", {reply(204, "")}, "retry unavailable"},
           Row{"a huge body", {head + "Content-Length: 1000000000\r\n\r\n{", Then::hangs}, "attempt too_large"},
           Row{"a body without end", {head + "\r\n" + std::string(5000, ' '), Then::drips}, "attempt too_large"},
           Row{"503", {reply(503, "")}, "retry unavailable"},
           Row{"422", {reply(422, R"({"error":"no text"})")}, "reject: the service answered 422: no text"},
           Row{"its own shape", {reply(200, R"({"label":"x"})")}, "attempt malformed"},
       }) {
    SCOPED_TRACE(row.fault);
    auto handler = stage("timeout: 300ms, in_flight: 1, max_output: 100000, url: '" + peer_.url() + "'");
    peer_.answers(good);
    EXPECT_EQ(texts(handler), (Texts{R"({"a":1})"}));
    peer_.answers(row.answer);
    EXPECT_EQ(texts(handler), (Texts{row.outcome}));
    peer_.answers(good);
    EXPECT_EQ(texts(handler), (Texts{R"({"a":1})"}));
  }
}

TEST_F(WebServiceTest, AKeptConnectionThatWasClosedIsMadeAnew) {
  auto handler = stage("in_flight: 1, url: '" + peer_.url() + "'");
  peer_.answers({good.bytes, Answer::Then::closes});
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(texts(handler), (Texts{R"({"a":1})"}));
    peer_.wait_for_closed(i);
  }
  EXPECT_EQ(peer_.connections, 3);
}

TEST_F(WebServiceTest, NobodyThereIsTriedAgain) {
  std::string url;
  {
    Peer gone;
    url = gone.url();
  }
  auto handler = stage("url: '" + url + "'");
  EXPECT_EQ(texts(handler, 3), Texts(3, "retry unavailable"));
}

TEST_F(WebServiceTest, AnAddressThatIsNoneIsAFaultOfTheConfiguration) {
  config::Faults faults;
  for (const auto* options : {"{use: http, url: 'http://host:99999'}", "{use: http, url: 'https://host', ca_file: /no/such/file}"}) {
    auto node = config::Node::parse(options, "loom.yaml", faults);
    auto made = stages::find_kind("http")->make({node, {"use"}, {}, system_clock(), open_web_service}, faults);
    ASSERT_TRUE(made) << faults.text();
    auto handler = made->make_handler();
    ASSERT_FALSE(handler) << options;
    EXPECT_EQ(handler.error().kind, ErrorKind::configuration);
  }
}

}  // namespace
}  // namespace loom::app
