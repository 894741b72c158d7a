#include "http/wire.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace loom::http {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> addresses_of(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (int wrong = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list))
    return fail(ErrorKind::unavailable, "host '" + host + "' is unknown: " + gai_strerror(wrong),
                {.field = {}, .remedy = "check its name", .code = {}});
  return Addresses(list);
}

}  // namespace

tl::unexpected<Error> Wire::broken(std::string_view doing, int number) const {
  return fail(ErrorKind::unavailable, std::string(doing) + " " + peer_ + ": " + std::generic_category().message(number),
              {.field = {}, .remedy = "check that it runs there", .code = {}});
}

Result<Wire> Wire::connect(const std::string& host, int port, std::chrono::milliseconds timeout) {
  auto until = Clock::now() + timeout;
  auto list = addresses_of(host, port);
  if (!list) return tl::unexpected(list.error());
  Result<Wire> last = fail(ErrorKind::unavailable, "host '" + host + "' has no address");
  for (auto* address = list->get(); address; address = address->ai_next) {
    Wire wire(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
              host + ":" + std::to_string(port));
    if (wire.fd_ < 0) continue;
    int one = 1;
    setsockopt(wire.fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int number = ::connect(wire.fd_, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (number == EINPROGRESS) {
      if (auto ready = wire.wait(POLLOUT, until); !ready) {
        last = tl::unexpected(ready.error());
        last.error().kind = ErrorKind::unavailable;  // nothing was sent: its outcome is known
        continue;
      }
      socklen_t size = sizeof number;
      getsockopt(wire.fd_, SOL_SOCKET, SO_ERROR, &number, &size);
    }
    if (number == 0) return wire;
    last = wire.broken("can't connect to", number);
  }
  return last;
}

Wire::~Wire() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Wire::wait(short events, Clock::time_point until) const {
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd polled{fd_, events, 0};
    int ready = left <= 0 ? 0 : ::poll(&polled, 1, static_cast<int>(std::min<long long>(left, 1 << 30)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return broken("waiting for", errno);
    if (ready == 0)
      return fail(ErrorKind::timeout, peer_ + " did not answer in time",
                  {.field = {}, .remedy = "try again", .code = {}});
  }
}

Result<void> Wire::send_raw(std::string_view bytes, Clock::time_point until) {
  while (!bytes.empty()) {
    auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (auto ready = wait(POLLOUT, until); !ready) return ready;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      // the peer stopped reading; its answer may say why, so go on to read it
      return {};
    } else if (errno != EINTR) {
      return broken("sending to", errno);
    }
  }
  return {};
}

Result<std::size_t> Wire::receive_raw(char* to, std::size_t room, Clock::time_point until) {
  while (true) {
    auto count = ::recv(fd_, to, room, 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (auto ready = wait(POLLIN, until); !ready) return tl::unexpected(ready.error());
    } else if (errno != EINTR) {
      return broken("reading from", errno);
    }
  }
}

/// Reads some of what the peer sends into the TLS, after saying what it has to say itself.
Result<void> Wire::feed_tls(Clock::time_point until) {
  if (auto sent = send_raw(tls_->take_outgoing(), until); !sent) return sent;
  char piece[16 << 10];
  auto count = receive_raw(piece, sizeof piece, until);
  if (!count) return tl::unexpected(count.error());
  if (*count == 0)
    return fail(ErrorKind::unavailable, peer_ + " closed the connection without TLS's goodbye",
                {.field = {}, .remedy = "try again; check that TLS is spoken there", .code = {}});
  tls_->feed(std::string_view(piece, *count));
  return {};
}

Result<void> Wire::secure(const TlsContext& context, const std::string& host, Clock::time_point until) {
  auto made = context.connect(host);
  if (!made) return tl::unexpected(made.error());
  tls_ = std::move(*made);
  while (true) {
    auto done = tls_->handshake();
    if (!done || *done) {
      auto told = send_raw(tls_->take_outgoing(), until);  // the last word, or why there is none
      return done ? told : tl::unexpected(done.error());
    }
    if (auto fed = feed_tls(until); !fed) return fed;
  }
}

Result<void> Wire::send(std::string_view bytes, Clock::time_point until) {
  if (!tls_) return send_raw(bytes, until);
  constexpr std::size_t record = 16 << 10;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(record, bytes.size()))) {
    if (auto written = tls_->write(bytes.substr(0, record)); !written) return written;
    if (auto sent = send_raw(tls_->take_outgoing(), until); !sent) return sent;
  }
  return {};
}

Result<std::size_t> Wire::receive(char* to, std::size_t room, Clock::time_point until) {
  if (!tls_) return receive_raw(to, room, until);
  while (true) {
    auto count = tls_->read(to, room);
    if (!count || *count != 0 || tls_->ended()) return count;
    if (auto fed = feed_tls(until); !fed) return tl::unexpected(fed.error());
  }
}

bool Wire::closed_by_peer() {
  pollfd polled{fd_, POLLIN, 0};
  while (::poll(&polled, 1, 0) != 0) {
    if (!tls_) return true;
    // what comes unasked may be TLS's own (session tickets): only plain text and an end count
    if (!feed_tls(Clock::now() + std::chrono::seconds(1))) return true;
    char byte;
    auto count = tls_->read(&byte, 1);
    if (!count || *count != 0 || tls_->ended()) return true;
  }
  return false;
}

void Wire::finish_sending() { ::shutdown(fd_, SHUT_WR); }

}  // namespace loom::http
