// A server for tests that answers with any bytes, such as half a reply. Threads: its own; `seen` is read when it is done.
//   Scripted server({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"});   Client::open(server.url());
#pragma once

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/listener.h"

namespace loom::http {

/// Takes one connection after the other; answers each with the next text, then closes it.
class Scripted {
 public:
  explicit Scripted(std::vector<std::string> texts, bool answers = true) {
    if (!answers) return;
    thread_ = std::thread([this, texts = std::move(texts)] {
      for (const auto& text : texts) {
        int client = listener_.accept();
        char piece[4096];
        auto count = ::recv(client, piece, sizeof piece, 0);
        seen.emplace_back(piece, count > 0 ? static_cast<std::size_t>(count) : 0);
        ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
        ::close(client);
      }
    });
  }
  ~Scripted() {
    if (thread_.joinable()) thread_.join();
  }
  int port() const { return listener_.port(); }
  std::string url() const { return "http://" + listener_.address(); }
  std::vector<std::string> seen;

 private:
  test::Listener listener_;
  std::thread thread_;
};

}  // namespace loom::http
