#include "engines/remote.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/complaint.h"

namespace loom::engines {
namespace {

constexpr std::size_t longest_answer = 8 << 20;

struct Meaning {
  ErrorKind kind;
  std::string_view remedy;
};
Meaning meaning_of(int status) {
  switch (status) {
    case 400:
    case 415:
    case 422:
      return {ErrorKind::malformed, "send what the server takes"};
    case 413:
      return {ErrorKind::too_large, "send less at once"};
    case 401:
    case 403:
      return {ErrorKind::unavailable, "check the key (api_key_env)"};
    case 404:
    case 405:
      return {ErrorKind::unavailable, "check the engine's url, model and protocol"};
    default:
      return {ErrorKind::unavailable, "check the server"};
  }
}

/// More than the model's context holds, as llama-server and OpenAI say it.
bool is_too_long(std::string_view body) {
  json::Document document;
  auto root = document.parse(body, {.depth = 64, .allow_nul = true});
  if (!root) return false;
  for (auto [path, name] : {std::pair{"error.type", "exceed_context_size_error"}, {"error.code", "context_length_exceeded"}})
    if (auto said = root->at_path(path); said && said->string() == name) return true;
  return false;
}

/// The value of an environment variable; "" where no variable is named.
Result<std::string> key_of(const std::string& variable) {
  if (variable.empty()) return std::string();
  const char* value = std::getenv(variable.c_str());
  auto in_line = [](unsigned char c) { return c >= 0x20 && c != 0x7F; };
  if (value && *value && std::all_of(value, value + std::strlen(value), in_line)) return std::string(value);
  if (value && *value)
    return fail(ErrorKind::configuration, "the environment variable " + variable + " holds a character that no key has",
                {.field = "api_key_env", .remedy = "set it without a line break at its end", .code = {}});
  return fail(ErrorKind::configuration, "the environment variable " + variable + " is not set",
              {.field = "api_key_env", .remedy = "set it to the server's key", .code = {}});
}

}  // namespace

tl::unexpected<Error> rubbish(std::string_view engine, std::string what) {
  return fail(ErrorKind::unavailable, std::string(engine) + ": the server's answer can't be understood: " + what,
              {.field = {}, .remedy = "check that the address is such a server's", .code = {}});
}

std::optional<std::string> wrong_address(const std::string& url) {
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return "is no address; write it as http://127.0.0.1:8080";
  auto host = url.substr(url.find("//") + 2);
  if (host.substr(0, host.find('/')).find('@') != std::string::npos) return "must hold no password; use api_key_env";
  return std::nullopt;
}

Result<Remote> Remote::open(std::string_view engine, const RemoteOptions& options, const KeyHeader& header) {
  auto key = key_of(options.api_key_env);
  if (!key) return tl::unexpected(key.error());
  http::ClientOptions settings;
  settings.timeout = options.timeout;
  settings.connect_timeout = std::min(settings.connect_timeout, options.timeout);
  settings.max_body = longest_answer;
  settings.ca_file = options.ca_file;
  if (!key->empty()) settings.headers.emplace_back(header.name, header.before + *key);
  auto client = http::Client::open(options.url, settings);
  if (!client) return tl::unexpected(client.error());
  return Remote(engine, std::move(settings), std::move(*client));
}

Result<std::string> Remote::post(std::string_view path, const http::Posted& posted) {
  auto reply = client_.post(path, posted);
  if (!reply) {
    // an answer that is no HTTP, or endless, is the server's fault and not that of what was sent
    auto kind = reply.error().kind;
    if (kind == ErrorKind::malformed || kind == ErrorKind::too_large) return rubbish(reply.error().message);
    return tl::unexpected(reply.error());
  }
  if (reply->status / 100 != 2) return refused(*reply);
  return std::move(reply->body);
}

Result<json::Value> Remote::ask(std::string_view path, std::string_view body, json::Document& answer) {
  auto reply = post(path, {.body = body});
  if (!reply) return tl::unexpected(reply.error());
  auto root = answer.parse(*reply, {.depth = 64, .allow_nul = true});
  if (!root || !root->is_object()) return rubbish("no JSON object");
  return *root;
}

tl::unexpected<Error> Remote::rubbish(std::string what) const { return engines::rubbish(engine_, std::move(what)); }

tl::unexpected<Error> Remote::refused(const http::ClientReply& reply) const {
  auto [kind, remedy] = is_too_long(reply.body) ? Meaning{ErrorKind::too_large, "give the server a larger context, or send less"}
                                                 : meaning_of(reply.status);
  auto status = std::to_string(reply.status);
  auto said = complaint_of(reply.body);
  return fail(kind, engine_ + ": the server answered " + status + (said.empty() ? "" : ": " + said),
              {.field = {}, .remedy = std::string(remedy), .code = status});
}

}  // namespace loom::engines
