#include "http/routes.h"

#include <algorithm>

namespace loom::http {
namespace {

/// The value of the path's parameter ("" for a literal path); nullopt when it is another path.
std::optional<std::string_view> matched(std::string_view pattern, std::string_view path) {
  auto brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path ? std::optional<std::string_view>("") : std::nullopt;
  if (!path.starts_with(pattern.substr(0, brace))) return std::nullopt;
  auto rest = path.substr(brace);
  if (rest.empty() || rest.find('/') != std::string_view::npos) return std::nullopt;
  return rest;
}

bool serves(const Route& route, std::string_view method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

}  // namespace

Routes::Match Routes::match(Request& request) const {
  auto path = request.path();
  auto method = request.method();
  for (const auto& route : routes_) {
    if (!serves(route, method)) continue;
    auto parameter = matched(route.path, path);
    if (!parameter) continue;
    if (!parameter->empty()) request.parameter = percent_decode(*parameter);
    return {&route, std::nullopt};
  }
  return {nullptr, refuse(request)};
}

Refusal Routes::refuse(const Request& request) const {
  std::string allow;
  for (const auto& route : routes_) {
    if (!matched(route.path, request.path())) continue;
    if (!allow.empty()) allow += ", ";
    allow += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  std::string path(request.path().substr(0, 200));
  if (allow.empty())
    return {Error{ErrorKind::not_found, "nothing is served at '" + path + "'", {}, "see /openapi.json for what is", {}},
            {}};
  ProblemDetails details;
  details.allow = allow;
  return {Error{ErrorKind::method_not_allowed,
                "'" + path + "' does not take " + std::string(request.method().substr(0, 20)),
                {},
                "use " + allow,
                {}},
          details};
}

}  // namespace loom::http
