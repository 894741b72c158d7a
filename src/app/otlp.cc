#include "app/otlp.h"

#include <algorithm>
#include <cstdlib>

#include "http/client.h"
#include "http/message.h"
#include "loom/json.h"

namespace loom::app {
namespace {

constexpr std::string_view path = "/v1/traces";
constexpr std::size_t said = 300;  // of what a collector answers, in a message

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first, last - first + 1);
}

/// A collector may take the request and refuse spans of it.
Result<void> check_taken(const std::string& url, std::string_view answer) {
  json::Document document;
  auto body = document.parse(answer);
  if (!body) return {};
  auto partial = body->get("partialSuccess");
  auto rejected = partial ? partial->get("rejectedSpans") : std::nullopt;
  if (!rejected || rejected->integer() == 0 || rejected->string() == "0") return {};
  return fail(ErrorKind::invalid_value, "the collector at " + url + " refused spans: " + std::string(answer.substr(0, said)));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> headers_of_text(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> headers;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto equals = pair.find('=');
    if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)).empty()) continue;
    headers.emplace_back(trimmed(pair.substr(0, equals)), http::percent_decode(trimmed(pair.substr(equals + 1))));
  }
  return headers;
}

Result<void> send_spans(const std::string& url, const std::string& spans) {
  http::ClientOptions options;
  if (const char* headers = std::getenv("OTEL_EXPORTER_OTLP_HEADERS")) options.headers = headers_of_text(headers);
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  if (base.ends_with(path)) base.resize(base.size() - path.size());
  auto client = http::Client::open(base, options);
  if (!client) return tl::unexpected(client.error());
  auto reply = client->post(path, {.body = spans});
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status / 100 == 2) return check_taken(url, reply->body);
  auto kind = reply->status == 429 || reply->status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid_value;
  return fail(kind, "the collector at " + url + " answers " + std::to_string(reply->status) + ": " + reply->body.substr(0, said),
              {.remedy = "--otlp takes the address of a collector's OTLP/HTTP receiver, mostly port 4318",
               .code = std::to_string(reply->status)});
}

}  // namespace loom::app
