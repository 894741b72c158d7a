// Whether the API should get requests: a broker answered lately and there is room. Pure.
//   auto health = judge({.since_broker = 200ms, .held = 0, .budget = 1 << 20});   health.ready
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace loom::ingest {

struct Vitals {
  std::chrono::milliseconds since_broker{0};
  std::size_t held = 0, budget = 1;  // bytes
  bool stopping = false;
  std::optional<int> replicas{};  // of the topics, where known
};

struct Health {
  bool ready = false;
  std::string json;  // {"ready":…,"reasons":[…],…}
};

constexpr std::chrono::milliseconds broker_silence{5000};  // longer, and the API is not ready

[[nodiscard]] Health judge(const Vitals& vitals);

}  // namespace loom::ingest
