// The table of routes: what drives the server, and what its documentation is made from. A path is literal, or ends in
// one parameter: "/ingest/message-types/{id}". HEAD is served wherever GET is.
// Ownership: the server keeps the table; const after open. Errors: not_found and method_not_allowed, with Allow.
//   Routes routes({{"GET", "/healthz", "alive", 0, {}, serve_health}});
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/problem.h"
#include "http/stream.h"

namespace loom::http {

/// Why a request is not served.
struct Refusal {
  Error error;
  ProblemDetails details;
};

/// Looks at the head alone; a Refusal ends the request before its body is read.
using Admit = std::function<std::optional<Refusal>(Request&)>;

struct Route {
  std::string method, path, summary;
  std::size_t max_body = 0;
  Admit admit{};
  Handler handler{};
  Upgrade upgrade{};  // instead of the handler: a WebSocket, whose messages have max_body bytes at most
};

class Routes {
 public:
  explicit Routes(std::vector<Route> routes) : routes_(std::move(routes)) {}

  /// The route of the request, or why there is none; fills in request.parameter.
  struct Match {
    const Route* route = nullptr;
    std::optional<Refusal> refusal{};
  };
  [[nodiscard]] Match match(Request& request) const;
  [[nodiscard]] const std::vector<Route>& all() const { return routes_; }

 private:
  [[nodiscard]] Refusal refuse(const Request& request) const;
  std::vector<Route> routes_;
};

}  // namespace loom::http
