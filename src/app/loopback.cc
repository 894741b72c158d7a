#include "app/loopback.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>

namespace loom::app {
namespace {

constexpr int kafka_port = 9092;

bool is_loopback(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  return host == "localhost" || host == "::1";
}

std::optional<int> port_of(const std::string& text) {
  int port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) return std::nullopt;
  return port;
}

bool connects(const addrinfo& to) {
  int descriptor = socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  bool connected = connect(descriptor, to.ai_addr, to.ai_addrlen) == 0;
  close(descriptor);
  return connected;
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  auto host = endpoint.host.find(':') == std::string::npos ? endpoint.host : "[" + endpoint.host + "]";
  return host + ":" + std::to_string(endpoint.port);
}

std::optional<Endpoint> loopback_endpoint(const std::string& bootstrap) {
  std::string host = bootstrap, port;
  if (bootstrap.starts_with('[')) {
    auto close = bootstrap.find(']');
    if (close == std::string::npos) return std::nullopt;
    host = bootstrap.substr(1, close - 1);
    port = bootstrap.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) return std::nullopt;
  } else if (auto colon = bootstrap.find(':'); colon != std::string::npos) {
    host = bootstrap.substr(0, colon);
    port = bootstrap.substr(colon);
  }
  if (!is_loopback(host)) return std::nullopt;
  auto number = port.empty() ? kafka_port : port_of(port.substr(1));
  return number ? std::optional(Endpoint{host, *number}) : std::nullopt;
}

bool accepts(const Endpoint& endpoint) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &wanted, &found) != 0) return false;
  bool any = false;
  for (auto* it = found; it && !any; it = it->ai_next) any = connects(*it);
  freeaddrinfo(found);
  return any;
}

int free_port() {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bool bound = descriptor >= 0 && bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0;
  if (descriptor >= 0) close(descriptor);
  return bound ? ntohs(address.sin_port) : 0;
}

}  // namespace loom::app
