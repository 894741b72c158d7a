// SQL text that is the same for both databases: quoted names and literals. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace loom::sink {

[[nodiscard]] std::string quoted_name(std::string_view name);                   // "a""b"
[[nodiscard]] std::string quoted_text(std::string_view text);                   // 'it''s'
[[nodiscard]] std::string quoted_names(const std::vector<std::string>& names);  // "a", "b"

}  // namespace loom::sink
