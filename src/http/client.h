// A small blocking HTTP/1.1 client with one keep-alive connection, for tools and engines; https too, with certificate
// and host name verified. Threads: one Client belongs to one thread. Errors: configuration (a URL that is none, a file of
// authorities that can't be read), unavailable (nothing answers, the connection broke, a certificate that is not
// trusted), timeout (outcome unknown), too_large, malformed. A status is no error here.
//   auto client = Client::open("http://127.0.0.1:8000", {});
//   auto reply = client->post("/ingest/message", {.body = text, .content_type = "application/json"});
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loom/error.h"

namespace loom::http {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds timeout{30000};  // of one request, sending and answer together
  std::size_t max_body = 64 << 20;
  std::vector<std::pair<std::string, std::string>> headers{};  // sent with every request
  std::string ca_file{};  // PEM: the authorities to trust for https, instead of the system's
};

struct Url {
  std::string host;
  int port = 80;
  std::string path;  // of the base, without a trailing slash
  bool secure = false;

  [[nodiscard]] std::string host_header() const;
};
/// `scheme` is "http" or "ws"; with an s at its end the address is secure, and its default port 443.
[[nodiscard]] Result<Url> parse_url(std::string_view text, std::string_view scheme = "http");

struct Posted {
  std::string_view body;
  std::string_view content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers{};
};

struct ClientReply {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  [[nodiscard]] std::string_view header(std::string_view name) const;  // any case; "" when absent
};

class Client {
 public:
  static Result<Client> open(std::string_view base_url, ClientOptions options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// `path` is appended to the base's. A connection that the server closed meanwhile is made anew.
  Result<ClientReply> get(std::string_view path);
  Result<ClientReply> post(std::string_view path, const Posted& posted);

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace loom::http
