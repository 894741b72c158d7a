#include "stages/http/http.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <thread>

#include "stages/http/judge.h"

namespace loom::stages {
namespace {

using Wrong = std::optional<std::string>;

bool fits_a_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char letter) { return letter < ' ' || letter == 0x7f; });
}

Wrong wrong_url(const std::string& url) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return "is no address; write it as http://127.0.0.1:9000";
  if (!fits_a_line(url) || url.find(' ') != std::string::npos) return "has a character that no address has";
  auto host = url.substr(url.find("//") + 2);
  if (host.substr(0, host.find('/')).find('@') != std::string::npos) return "must hold no password; use api_key_env";
  return std::nullopt;
}

Wrong wrong_path(const std::string& path) {
  if (path.empty()) return std::nullopt;
  if (path.front() != '/') return "must begin with /";
  return fits_a_line(path) && path.find(' ') == std::string::npos ? Wrong() : "has a character that no path has; escape it";
}

Wrong wrong_headers(const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers)
    if (name.empty() || !fits_a_line(name) || name.find_first_of(": ") != std::string::npos || !fits_a_line(value))
      return "has '" + name + "', which is no header";
  return std::nullopt;
}

Error gone_wrong(std::string_view what) {
  return {ErrorKind::internal, "the request failed within Loom: " + std::string(what), {}, "report it", {}};
}

}  // namespace

Result<Service> service_of(const HttpOptions& options) {
  Service service{options.url, options.ca_file, {options.headers.begin(), options.headers.end()}, options.timeout,
                  options.max_output.count};
  if (options.api_key_env.empty()) return service;
  const char* key = std::getenv(options.api_key_env.c_str());
  if (!key || !*key || !fits_a_line(key))
    return fail(ErrorKind::configuration, "the environment variable " + options.api_key_env + " holds no key",
                {.field = "api_key_env", .remedy = "set it to the service's key", .code = {}});
  service.headers.emplace_back("Authorization", "Bearer " + std::string(key));
  return service;
}

std::vector<Outcome> HttpStage::handle(std::span<const Envelope> messages) {
  std::vector<Outcome> outcomes(messages.size(), Drop{});
  std::atomic<std::size_t> next{0};
  auto work = [&](const Ask& ask) {
    for (auto i = next++; i < messages.size(); i = next++) outcomes[i] = outcome_of(ask, messages[i]);
  };
  auto count = std::min(connections_.size(), messages.size());
  std::vector<std::jthread> others;
  others.reserve(count);
  try {
    for (std::size_t i = 1; i < count; ++i) others.emplace_back(work, std::cref(connections_[i]));
  } catch (const std::system_error&) {
    // no more threads to be had: those that there are do it
  }
  work(connections_.front());
  others.clear();  // waits for them
  return outcomes;
}

/// Never throws: it runs on threads that nobody watches.
Outcome HttpStage::outcome_of(const Ask& ask, const Envelope& message) const {
  if (rest_->lasts())
    return Retry{{ErrorKind::unavailable, "the service asked to be left alone for a while (Retry-After)", {}, "wait", {}}};
  try {
    auto judged = judge(ask(path_, R"({"message":)" + std::string(message.json) + "}"));
    if (judged.rest.count() > 0) rest_->take(judged.rest);
    return std::move(judged.outcome);
  } catch (const std::exception& thrown) {
    return Retry{gone_wrong(thrown.what())};
  } catch (...) {
    return Retry{gone_wrong("no std::exception")};
  }
}

config::Options<HttpOptions> http_options() {
  auto some_time = [](const config::Milliseconds& time) -> Wrong {
    return time.count() > 0 ? Wrong() : "must be more than 0";
  };
  auto few = [](int count) -> Wrong {
    return count >= 1 && count <= 64 ? Wrong() : "must be from 1 to 64";
  };
  return config::Options<HttpOptions>("stages.http")
      .add("url", &HttpOptions::url, "the service's address, http:// or https://", wrong_url)
      .add("path", &HttpOptions::path, "what is POSTed to, after the address's own path, e.g. /sentiment", wrong_path)
      .add("headers", &HttpOptions::headers, "sent with every request; a secret belongs in api_key_env", wrong_headers)
      .add("api_key_env", &HttpOptions::api_key_env, "environment variable whose value is sent as Authorization: Bearer")
      .add("ca_file", &HttpOptions::ca_file, "PEM file of the authorities for https, instead of the system's")
      .add("timeout", &HttpOptions::timeout, "of one request", some_time)
      .add("in_flight", &HttpOptions::in_flight, "requests that a lane has at once, each on a kept connection", few)
      .add("max_output", &HttpOptions::max_output, "largest answer", config::at_least(1));
}

}  // namespace loom::stages
