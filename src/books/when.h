// A moment as a person writes it: RFC 3339, an epoch number, or "-15m" (a duration ago). Pure.
//   parse_when("-2h", now_micros())
#pragma once

#include "base/clock.h"
#include "base/config.h"

namespace loom::books {

constexpr const char* time_remedy = "write 2026-11-23T12:00:00Z, or -2h for two hours ago";

[[nodiscard]] inline std::optional<Micros> parse_when(const std::string& text, Micros now) {
  if (text.starts_with('-'))
    if (auto ago = config::parse_duration(text.substr(1)); ago && ago->count() >= 0) return now - ago->count() * 1000;
  return parse_time(text);
}

}  // namespace loom::books
