#include <algorithm>
#include <cstdlib>

#include "engines/kinds.h"
#include "http/client.h"

namespace loom::engines {
namespace {

constexpr std::size_t longest_said = 120;

std::string said_in(const http::ClientReply& reply) {
  if (reply.status / 100 != 2 || reply.body.find('<') != std::string::npos) return {};
  std::string said;
  for (char c : reply.body)
    if (static_cast<unsigned char>(c) > ' ' || (!said.empty() && said.back() != ' ')) said += c > ' ' ? c : ' ';
  if (said.size() > longest_said) said = said.substr(0, said.find_last_of(",}] ", longest_said)) + " …";
  return said;
}

}  // namespace

Result<std::string> ask_health(const EngineKind& kind, const config::Node& engine, config::Milliseconds wait) {
  http::ClientOptions options;
  options.timeout = options.connect_timeout = wait;
  options.max_body = 1 << 20;
  options.ca_file = engine["ca_file"].scalar();
  if (auto variable = engine["api_key_env"].scalar(); !variable.empty()) {
    const char* key = std::getenv(variable.c_str());
    if (!key || !*key)
      return fail(ErrorKind::configuration, "the environment variable " + variable + " is not set",
                  {.field = "api_key_env", .remedy = "set it to the server's key"});
    options.headers.emplace_back(kind.health.key_header, std::string(kind.health.before_key) + key);
  }
  auto url = engine["url"].scalar();
  auto client = http::Client::open(url, std::move(options));
  if (!client) return tl::unexpected(client.error());
  auto reply = client->get(kind.health.path);
  if (!reply) return tl::unexpected(reply.error());
  auto status = std::to_string(reply->status);
  if (reply->status == 401 || reply->status == 403)
    return fail(ErrorKind::unavailable, url + " refuses the key", {.remedy = "check api_key_env", .code = status});
  if (reply->status >= 500)
    return fail(ErrorKind::unavailable, url + " answers " + status, {.remedy = "check the server", .code = status});
  return said_in(*reply);
}

}  // namespace loom::engines
