// The TLS of a listener, from files. Private to the server. Errors: configuration, naming file and remedy.
//   auto context = open_server_tls({.cert = "api.crt", .key = "api.key", .key_password = "", .client_ca = ""});
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "http/server.h"

namespace loom::http {

[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> open_server_tls(const ServerTls& tls);

}  // namespace loom::http
