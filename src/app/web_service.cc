#include "app/web_service.h"

#include <algorithm>
#include <memory>

#include "http/client.h"

namespace loom::app {

Result<stages::Ask> open_web_service(const stages::Service& service) {
  http::ClientOptions options;
  options.timeout = service.timeout;
  options.connect_timeout = std::min(options.connect_timeout, service.timeout);
  options.max_body = service.max_answer;
  options.headers = service.headers;
  options.ca_file = service.ca_file;
  auto client = http::Client::open(service.url, options);
  if (!client) return tl::unexpected(client.error());
  return stages::Ask([client = std::make_shared<http::Client>(std::move(*client))](
                         std::string_view path, std::string_view body) -> Result<stages::ServiceReply> {
    auto reply = client->post(path, {.body = body});
    if (!reply) return tl::unexpected(reply.error());
    return stages::ServiceReply{reply->status, std::move(reply->body), std::string(reply->header("retry-after"))};
  });
}

}  // namespace loom::app
