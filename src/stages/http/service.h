// How the stage reaches the user's service. It includes no HTTP: the app hands it what opens a connection.
// Threads: an Ask is used by one thread at a time. Errors of opening: configuration. Of asking: unavailable, timeout, too_large
// (the answer is over the limit), malformed (it is no HTTP). A status is no error here.
//   auto ask = open({.url = "http://127.0.0.1:9000"});   Result<ServiceReply> reply = (*ask)("/sentiment", body);
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loom/error.h"

namespace loom::stages {

struct Service {
  std::string url, ca_file;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::chrono::milliseconds timeout{30000};
  std::size_t max_answer = 16 << 20;
};

struct ServiceReply {
  int status = 0;
  std::string body{}, retry_after{};  // the header, "" when absent
};

/// POSTs a JSON body on a connection that is kept.
using Ask = std::function<Result<ServiceReply>(std::string_view path, std::string_view body)>;
using OpenService = std::function<Result<Ask>(const Service&)>;

}  // namespace loom::stages
