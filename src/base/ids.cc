#include "base/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/bytes.h"

namespace loom {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_hex(std::string& to, std::uint8_t byte) {
  to += hex_digits[byte >> 4];
  to += hex_digits[byte & 15];
}

std::string text_of(const UuidBytes& bytes) {
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    append_hex(text, bytes[i]);
  }
  return text;
}

void mark(UuidBytes& bytes, std::uint8_t version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | version << 4);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
}

// The kernel's random bytes, fetched for many identities at once.
void fill_random(std::uint8_t* to, std::size_t size) {
  thread_local std::array<std::uint8_t, 256> pool;  // one call of getrandom never gives less than 256 bytes
  thread_local std::size_t used = pool.size();
  if (used + size > pool.size()) {
    while (getrandom(pool.data(), pool.size(), 0) != static_cast<ssize_t>(pool.size())) {
    }
    used = 0;
  }
  std::memcpy(to, pool.data() + used, size);
  used += size;
}

// Milliseconds and, below them, 12 bits: the fraction of the millisecond or, within one, a counter. Each is larger
// than the one before, unless the clock was set back by more than ten seconds.
std::uint64_t next_stamp(Micros now) {
  static std::atomic<std::uint64_t> last{0};
  constexpr std::uint64_t ten_seconds = 10'000ULL << 12;
  auto micros = static_cast<std::uint64_t>(std::max<Micros>(now, 0));
  std::uint64_t stamp = (micros / 1000) << 12 | (micros % 1000) * 4096 / 1000;
  auto before = last.load(std::memory_order_relaxed);
  std::uint64_t mine = 0;
  do {
    mine = stamp > before || before - stamp > ten_seconds ? stamp : before + 1;
  } while (!last.compare_exchange_weak(before, mine, std::memory_order_relaxed));
  return mine;
}

std::string random_hex(std::size_t bytes) {
  std::string text;
  do {
    text.clear();
    for (std::size_t i = 0; i < bytes; ++i) {
      std::uint8_t byte = 0;
      fill_random(&byte, 1);
      append_hex(text, byte);
    }
  } while (text.find_first_not_of('0') == std::string::npos);  // all zero means "none" in W3C trace context
  return text;
}

bool is_lower_hex(std::string_view text) { return text.find_first_not_of(hex_digits) == std::string_view::npos; }
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

void append_part(std::string& to, std::string_view part) {
  to += std::to_string(part.size());
  to += ':';
  to += part;
}

}  // namespace

std::string new_message_id(Micros now) {
  UuidBytes bytes{};
  fill_random(bytes.data() + 8, 8);
  auto stamp = next_stamp(now);
  auto millis = stamp >> 12;
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(stamp >> 8 & 0x0F);
  bytes[7] = static_cast<std::uint8_t>(stamp);
  mark(bytes, 7);
  return text_of(bytes);
}

std::string new_trace_id() { return random_hex(16); }
std::string new_span_id() { return random_hex(8); }

std::optional<UuidBytes> uuid_bytes(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  UuidBytes bytes{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at++] != '-') return std::nullopt;
    }
    int high = hex_value(text[at]), low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return bytes;
}

std::optional<std::string> canonical_uuid(std::string_view text) {
  auto bytes = uuid_bytes(text);
  if (!bytes) return std::nullopt;
  return text_of(*bytes);
}

std::string derived_message_id(std::string_view cluster, std::string_view topic, std::int32_t partition,
                               std::int64_t offset) {
  std::string parts;
  append_part(parts, cluster);
  append_part(parts, topic);
  append_part(parts, std::to_string(partition));
  append_part(parts, std::to_string(offset));
  auto digest = sha256_bytes(parts);
  UuidBytes bytes{};
  std::memcpy(bytes.data(), digest.data(), bytes.size());
  mark(bytes, 8);
  return text_of(bytes);
}

std::optional<std::string> trace_id_of(std::string_view traceparent) {
  constexpr std::size_t length = 55;  // 00-<32>-<16>-<2>
  if (traceparent.size() < length) return std::nullopt;
  auto version = traceparent.substr(0, 2), trace = traceparent.substr(3, 32), span = traceparent.substr(36, 16),
       flags = traceparent.substr(53, 2);
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return std::nullopt;
  if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(span) || !is_lower_hex(flags))
    return std::nullopt;
  if (version == "ff" || is_zero(trace) || is_zero(span)) return std::nullopt;
  // A later version may carry more, behind another dash.
  if (traceparent.size() > length && (version == "00" || traceparent[length] != '-')) return std::nullopt;
  return std::string(trace);
}

std::string make_traceparent(std::string_view trace_id, std::string_view span_id) {
  std::string text = "00-";
  text += trace_id;
  text += '-';
  text += span_id;
  return text + "-01";
}

}  // namespace loom
