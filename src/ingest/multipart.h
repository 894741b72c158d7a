// A multipart/form-data body cut into its parts (RFC 7578), strictly: what is not exactly that is refused. Pure; any
// bytes are safe; time is linear in the body. Views into the body and the content type, which outlive the parts.
// Errors: malformed (no boundary, no end, broken headers), too_large (more parts or longer headers than allowed).
//   auto parts = cut_multipart(body, content_type);   (*parts)[0].name == "file"
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ingest/refusal.h"

namespace loom::ingest {

struct Part {
  std::string name;
  std::optional<std::string> filename;
  std::string_view content_type;  // "" where the part has none
  std::string_view body;
};

inline constexpr std::size_t max_parts = 64;
inline constexpr std::size_t max_part_head = 8 << 10;

[[nodiscard]] bool is_multipart(std::string_view content_type);
[[nodiscard]] Checked<std::vector<Part>> cut_multipart(std::string_view body, std::string_view content_type);

/// The value of a parameter as in `form-data; name="a"` or `audio/L16; rate=16000`; nullopt when absent or broken.
[[nodiscard]] std::optional<std::string> header_parameter(std::string_view value, std::string_view name);

}  // namespace loom::ingest
