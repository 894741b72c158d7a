// Addresses of this machine: does a bootstrap mean it, does something answer there, which port is free.
// Threads: any. Nothing here fails: an address that can't be read is no loopback address.
//   auto endpoint = loopback_endpoint("127.0.0.1:9092");  // {"127.0.0.1", 9092}
#pragma once

#include <optional>
#include <string>

namespace loom::app {

struct Endpoint {
  std::string host;  // without brackets
  int port = 0;
};
[[nodiscard]] std::string to_string(const Endpoint& endpoint);  // "127.0.0.1:9092", "[::1]:9092"

/// One single address, and of this machine: 127.x.x.x, localhost, ::1. The port defaults to Kafka's, 9092.
[[nodiscard]] std::optional<Endpoint> loopback_endpoint(const std::string& bootstrap);
/// Something accepts a connection there.
[[nodiscard]] bool accepts(const Endpoint& endpoint);
/// A TCP port of 127.0.0.1 that nobody has at this moment; 0 when there is none.
[[nodiscard]] int free_port();

}  // namespace loom::app
