// Bytes: base64 (strict, RFC 4648 with padding), SHA-256, hex, sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loom {

/// True when `text` is strict base64 (an optional `data:…;base64,` prefix is skipped). 200 KB take microseconds.
[[nodiscard]] bool is_base64(std::string_view text);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);  // the same prefix is skipped
[[nodiscard]] std::string base64_encode(std::string_view bytes);

[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] std::string sha256_bytes(std::string_view bytes);  // 32 raw bytes
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

[[nodiscard]] bool is_utf8(std::string_view text);

/// to += bytes, for large pieces: many times faster where the end of `to` is not aligned (see bytes.cc).
void append_large(std::string& to, std::string_view bytes);

/// The entry of `known` that a person probably meant by `typed`, "" when none is near (edit distance ≤ 1 + length / 4).
template <class Range>
std::string nearest(std::string_view typed, const Range& known);
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::string nearest(std::string_view typed, const Range& known) {
  std::string best;
  std::size_t best_distance = 2 + typed.size() / 4;
  for (const auto& name : known) {
    auto distance = edit_distance(typed, std::string_view(name));
    if (distance < best_distance) best_distance = distance, best = std::string(name);
  }
  return best;
}

}  // namespace loom
