// The stage that hands messages to the user's own service (docs/stages.md): POST {"message":{…the whole message…}}, one a
// request, several requests at once; the answer is that of `use: command` without the id. Kafka, order, retries and dead
// letters are Loom's; while the service is away the runner's circuit holds the group.
// Ownership: a lane's HttpStage owns its connections, at most in_flight; the Rest is shared by the stage's lanes.
// Threads: the lane's; a batch of several messages has threads of its own, which end with it.
//   HttpStage stage(options, rest, connections);   std::vector<Outcome> outcomes = stage.handle(messages);
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"
#include "loom/envelope.h"
#include "loom/outcome.h"
#include "stages/http/service.h"

namespace loom::stages {

struct HttpOptions {
  std::string url, path, api_key_env, ca_file;
  std::map<std::string, std::string> headers;
  config::Milliseconds timeout{30000};
  int in_flight = 4;
  config::Bytes max_output{16ULL << 20};
};
[[nodiscard]] config::Options<HttpOptions> http_options();
/// Errors: configuration (the key's variable is not set).
[[nodiscard]] Result<Service> service_of(const HttpOptions& options);

/// Until when the service asked to be left alone (Retry-After). Any thread.
class Rest {
 public:
  using Clock = std::chrono::steady_clock;
  void take(Clock::duration time) {
    auto until = (Clock::now() + time).time_since_epoch().count();
    for (auto before = until_.load(); before < until && !until_.compare_exchange_weak(before, until);) {
    }
  }
  [[nodiscard]] bool lasts() const { return Clock::now().time_since_epoch().count() < until_.load(); }

 private:
  std::atomic<Clock::rep> until_{0};
};

class HttpStage {
 public:
  HttpStage(std::string path, std::shared_ptr<Rest> rest, std::vector<Ask> connections)
      : path_(std::move(path)), rest_(std::move(rest)), connections_(std::move(connections)) {}
  [[nodiscard]] std::vector<Outcome> handle(std::span<const Envelope> messages);

 private:
  [[nodiscard]] Outcome outcome_of(const Ask& ask, const Envelope& message) const;

  std::string path_;
  std::shared_ptr<Rest> rest_;
  std::vector<Ask> connections_;  // at least one
};

}  // namespace loom::stages
