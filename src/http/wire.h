// A connected TCP socket with deadlines, for the blocking client, with TLS on it where it was asked for. Move-only;
// closes at its end. One thread.
// Errors: unavailable (refused, unknown host, broken, not trusted), timeout. `receive` gives 0 at the peer's end.
//   auto wire = Wire::connect("127.0.0.1", 8000, 5s);   wire->send(text, until);
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/tls.h"
#include "loom/error.h"

namespace loom::http {

class Wire {
 public:
  using Clock = std::chrono::steady_clock;
  static Result<Wire> connect(const std::string& host, int port, std::chrono::milliseconds timeout);
  Wire(Wire&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), peer_(std::move(other.peer_)), tls_(std::move(other.tls_)) {}
  Wire& operator=(Wire&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(peer_, other.peer_);
    std::swap(tls_, other.tls_);
    return *this;
  }
  ~Wire();

  /// From here on everything goes through TLS; certificate and `host` are verified.
  Result<void> secure(const TlsContext& context, const std::string& host, Clock::time_point until);
  Result<void> send(std::string_view bytes, Clock::time_point until);
  Result<std::size_t> receive(char* to, std::size_t room, Clock::time_point until);
  [[nodiscard]] bool closed_by_peer();  // or it sent what nobody asked for
  void finish_sending();
  [[nodiscard]] int fd() const { return fd_; }

 private:
  Wire(int fd, std::string peer) : fd_(fd), peer_(std::move(peer)) {}
  Result<void> send_raw(std::string_view bytes, Clock::time_point until);
  Result<std::size_t> receive_raw(char* to, std::size_t room, Clock::time_point until);
  Result<void> feed_tls(Clock::time_point until);
  [[nodiscard]] Result<void> wait(short events, Clock::time_point until) const;
  [[nodiscard]] tl::unexpected<Error> broken(std::string_view doing, int number) const;
  int fd_ = -1;
  std::string peer_;  // host:port
  std::unique_ptr<Tls> tls_;
};

}  // namespace loom::http
