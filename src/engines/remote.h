// What the engines that ask a server share: the address, the key, one connection, and what its answers mean.
// Ownership: a Remote owns one kept connection. Threads: made and used by one lane's thread.
// Errors of opening: configuration. Of asking: unavailable (down, busy, refuses the key, answers rubbish) and timeout,
// which are tried again; malformed and too_large (it refuses what was sent), which are not.
//   auto remote = Remote::open("ollama", remote_of(options), {"Authorization", "Bearer "});
//   auto answer = remote->post("/api/chat", {.body = text});   // Result<std::string>: the body of a 2xx
#pragma once

#include <string>
#include <string_view>

#include "base/config.h"
#include "http/client.h"
#include "loom/json.h"

namespace loom::engines {

/// Where a server is; every engine that asks one has options of these names.
struct RemoteOptions {
  std::string url, api_key_env, ca_file;
  config::Milliseconds timeout;
};
template <class S>
[[nodiscard]] RemoteOptions remote_of(const S& options) {
  return {options.url, options.api_key_env, options.ca_file, options.timeout};
}
template <class S>
config::Options<S> remote_options();

/// How a server wants its key: the header's name, and what stands before the key in its value.
struct KeyHeader {
  std::string name, before;
};

class Remote {
 public:
  static Result<Remote> open(std::string_view engine, const RemoteOptions& options, const KeyHeader& key);

  Result<std::string> post(std::string_view path, const http::Posted& posted);
  /// As it was answered: no status is an error.
  Result<http::ClientReply> get(std::string_view path) { return client_.get(path); }
  /// JSON both ways: the object that the server answered, as long as `answer` lives.
  Result<json::Value> ask(std::string_view path, std::string_view body, json::Document& answer);
  [[nodiscard]] const http::ClientOptions& settings() const { return settings_; }
  /// The server answered what no such server answers: unavailable.
  [[nodiscard]] tl::unexpected<Error> rubbish(std::string what) const;

 private:
  Remote(std::string_view engine, http::ClientOptions settings, http::Client client)
      : engine_(engine), settings_(std::move(settings)), client_(std::move(client)) {}
  [[nodiscard]] tl::unexpected<Error> refused(const http::ClientReply& reply) const;

  std::string engine_;
  http::ClientOptions settings_;
  http::Client client_;
};

[[nodiscard]] tl::unexpected<Error> rubbish(std::string_view engine, std::string what);
[[nodiscard]] std::optional<std::string> wrong_address(const std::string& url);

template <class S>
config::Options<S> remote_options() {
  auto some = [](const config::Milliseconds& time) -> std::optional<std::string> {
    return time.count() > 0 ? std::nullopt : std::optional<std::string>("must be more than 0");
  };
  return config::Options<S>("engine")
      .add("url", &S::url, "the server's address, http:// or https://, without the endpoint's path", wrong_address)
      .add("api_key_env", &S::api_key_env, "environment variable that holds the server's key")
      .add("ca_file", &S::ca_file, "PEM file of the authorities for https, instead of the system's")
      .add("timeout", &S::timeout, "of one request", some);
}

}  // namespace loom::engines
