#include "http/problem.h"

#include "loom/json.h"

namespace loom::http {
namespace {

void member(std::string& to, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  to += ",\"";
  to += name;
  to += "\":";
  json::append_string(to, text);
}

}  // namespace

int status_of(const Error& error, const ProblemDetails& details) {
  return details.status.value_or(traits_of(error.kind).http_status);
}

void append_problem_members(std::string& to, const Error& error, const ProblemDetails& details) {
  const auto& traits = traits_of(error.kind);
  to += "\"type\":\"urn:loom:problem:";
  to += traits.name;
  to += '"';
  member(to, "title", traits.title);
  member(to, "detail", error.message);
  member(to, "field", error.field);
  member(to, "remedy", error.remedy);
  for (const auto& [name, json] : details.members) to += ",\"" + name + "\":" + json;
  if (details.retry_after_s) to += ",\"retry_after\":" + std::to_string(*details.retry_after_s);
}

std::string problem_json(const Error& error, const ProblemDetails& details) {
  std::string text = "{\"status\":" + std::to_string(status_of(error, details)) + ',';
  append_problem_members(text, error, details);
  return text + '}';
}

Reply reply_of(const Error& error, const ProblemDetails& details) {
  Reply reply{.status = status_of(error, details),
              .body = problem_json(error, details),
              .content_type = "application/problem+json"};
  if (details.retry_after_s) reply.header_lines += "Retry-After: " + std::to_string(*details.retry_after_s) + "\r\n";
  if (!details.allow.empty()) reply.header_lines += "Allow: " + details.allow + "\r\n";
  if (reply.status == 401) reply.header_lines += "WWW-Authenticate: Bearer\r\n";
  return reply;
}

}  // namespace loom::http
