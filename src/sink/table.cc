#include "sink/table.h"

#include <array>
#include <utility>

namespace loom::sink {

Standard standard_of(std::string_view column) {
  static constexpr std::array<std::pair<std::string_view, Standard>, 13> names{{
      {"message_id", Standard::message_id},
      {"part", Standard::part},
      {"device_id", Standard::device_id},
      {"message_type", Standard::message_type},
      {"pipeline_hint", Standard::pipeline_hint},
      {"trace_id", Standard::trace_id},
      {"recorded_at", Standard::recorded_at},
      {"timestamp", Standard::timestamp},
      {"received_at", Standard::timestamp},
      {"kafka_topic", Standard::kafka_topic},
      {"kafka_partition", Standard::kafka_partition},
      {"kafka_offset", Standard::kafka_offset},
      {"fingerprint", Standard::fingerprint},
  }};
  for (const auto& [name, standard] : names)
    if (name == column) return standard;
  return Standard::none;
}

}  // namespace loom::sink
