// Keeps the producer warm: asks for every topic's metadata at the start, so that the first message need not wait for
// it, and asks again when the broker has been silent, so that readiness stays true while nothing is sent.
// Threads: owns one, from construction to destruction. Errors: none; a broker that is away is asked again.
//   Warmth warmth(producer, catalogue, [] {});
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "kafka/producer.h"
#include "model/catalogue.h"

namespace loom::ingest {

class Warmth {
 public:
  /// `also` is called with every round, on this thread.
  Warmth(kafka::Producer& producer, const model::Catalogue& catalogue, std::function<void()> also);
  ~Warmth();

 private:
  void run();
  void warm_next();
  void ask_when_silent();
  kafka::Producer& producer_;
  std::function<void()> also_;
  std::vector<TopicName> topics_;
  std::size_t warmed_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace loom::ingest
