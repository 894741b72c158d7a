// The message that every benchmark uses: a position, about 330 bytes as Kafka sees it.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/ids.h"

namespace loom::bench {

inline std::string sample_message(const std::string& message_id, std::uint64_t n) {
  auto time = to_rfc3339(now_micros());
  return R"({"schema_version":"1.0","message_id":")" + message_id +
         R"(","message_type":"gps_reading","device_id":"phone-)" + std::to_string(n % 100) + R"(","recorded_at":")" +
         time + R"(","timestamp":")" + time +
         R"(","trace_id":"0af7651916cd43dd8448eb211c80319c","data":{"latitude":52.5,"longitude":13.4,"altitude":34.5,"accuracy":)" +
         std::to_string(n % 50) + R"(,"speed":1.25},"metadata":{}})";
}

}  // namespace loom::bench
