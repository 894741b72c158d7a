// A server for tests that answers with any bytes, such as half a reply. Threads: its own; `seen` is read when it is done.
//   Scripted server({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"});   Client::open(server.url());
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace loom::http {

/// Takes one connection after the other; answers each with the next text, then closes it.
class Scripted {
 public:
  explicit Scripted(std::vector<std::string> texts, bool answers = true) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_, 8);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    if (!answers) return;
    thread_ = std::thread([this, texts = std::move(texts)] {
      for (const auto& text : texts) {
        int client = ::accept(fd_, nullptr, nullptr);
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
    ::close(fd_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
  int port = 0;
  std::vector<std::string> seen;

 private:
  int fd_;
  std::thread thread_;
};

}  // namespace loom::http
