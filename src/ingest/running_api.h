// The API under test: on a free port, with a fake broker, asked over real sockets. Shared by the tests of this room.
// Threads: the API runs in its own; the rest is the test's. A failed start throws.
//   Running running;  auto client = running.client();  EXPECT_EQ(post(client, good).status, 200);
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include "http/client.h"
#include "http/wire.h"
#include "ingest/api.h"
#include "ingest/fake_producer.h"
#include "ingest/test_catalogue.h"
#include "loom/json.h"

namespace loom::ingest {

using namespace std::chrono_literals;
using Mode = FakeBroker::Mode;

/// The whole API on a free port, with a broker that does as the test says.
class Running {
 public:
  explicit Running(model::Catalogue from = test_catalogue(), ApiHooks hooks = {}) : catalogue(std::move(from)) {
    auto opened = Api::open(catalogue, broker->producer(), registry, Log::silent(), std::move(hooks));
    if (!opened) throw std::runtime_error(to_string(opened.error()));
    api = std::move(*opened);
    thread = std::thread([this] { (void)api->run(stop); });
  }
  ~Running() {
    broker->release();
    finish();
  }
  void finish() {
    stop = true;
    if (thread.joinable()) thread.join();
  }
  http::Client client(http::ClientOptions options = {}) const {
    return std::move(*http::Client::open("http://127.0.0.1:" + std::to_string(api->port()), std::move(options)));
  }

  model::Catalogue catalogue;
  Registry registry;
  std::shared_ptr<FakeBroker> broker = std::make_shared<FakeBroker>();
  std::unique_ptr<Api> api;
  std::atomic<bool> stop{false};
  std::thread thread;
};

struct Answer {
  int status = 0;
  std::string body;
  std::string retry_after;
  std::shared_ptr<json::Document> document = std::make_shared<json::Document>();
  json::Value value;

  explicit Answer(Result<http::ClientReply> reply) {
    if (!reply) {
      ADD_FAILURE() << to_string(reply.error());
      return;
    }
    status = reply->status;
    body = reply->body;
    retry_after = reply->header("retry-after");
    if (auto root = document->parse(body)) value = *root;
  }
  std::string text(std::string_view path) const {
    auto found = value.at_path(path);
    return found && found->string() ? std::string(*found->string()) : "";
  }
  std::int64_t integer(std::string_view path) const {
    auto found = value.at_path(path);
    return found ? found->integer().value_or(-1) : -1;
  }
};

inline Answer post(http::Client& client, std::string_view body, std::string_view path = "/ingest/message") {
  return Answer(client.post(path, {.body = body}));
}

inline constexpr std::string_view good =
    R"({"message_type_id":"gps_reading","device_id":"d","data":{"latitude":1,"longitude":2}})";
inline constexpr std::string_view id = "0198f0c2-0000-7000-8000-000000000001";
inline std::string with_id(std::string_view message_id) {
  return R"({"message_type_id":"digital_note","device_id":"d","data":{},"message_id":")" + std::string(message_id) +
         "\"}";
}

}  // namespace loom::ingest
