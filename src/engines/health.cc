#include "engines/kinds.h"
#include "engines/remote.h"

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

std::string address_of(const EngineKind& kind, const config::Node& engine) {
  if (kind.is_here) return {};
  if (engine["url"].present()) return engine["url"].scalar();
  for (const auto& option : kind.options())
    if (option.name == "url") return option.fallback;
  return {};
}

Result<std::string> ask_health(const EngineKind& kind, const config::Node& engine, config::Milliseconds wait) {
  auto url = address_of(kind, engine);
  auto remote = Remote::open(kind.name, {url, engine["api_key_env"].scalar(), engine["ca_file"].scalar(), wait},
                             {std::string(kind.health.key_header), std::string(kind.health.before_key)});
  if (!remote) return tl::unexpected(remote.error());
  auto reply = remote->get(kind.health.path);
  if (!reply) return tl::unexpected(reply.error());
  auto status = std::to_string(reply->status);
  if (reply->status == 401 || reply->status == 403)
    return fail(ErrorKind::unavailable, url + " refuses the key", {.remedy = "check api_key_env", .code = status});
  constexpr int not_implemented = 501;  // it serves no GET
  if (reply->status >= 500 && reply->status != not_implemented)
    return fail(ErrorKind::unavailable, url + " answers " + status, {.remedy = "check the server", .code = status});
  return said_in(*reply);
}

}  // namespace loom::engines
