// RFC 7396 JSON merge patch by splicing: what the patch does not name stays byte for byte, so that `data` keeps its
// fingerprint where the patch leaves it alone. Pure; any thread.
//   merge_patch(R"({"a":1.50,"b":2})", R"({"b":null,"c":[]})")  // R"({"a":1.50,"c":[]})"
#pragma once

#include <string>
#include <string_view>

namespace loom::model {

/// Both are validated JSON. A value that is no object is taken for an empty one, as the RFC says.
[[nodiscard]] std::string merge_patch(std::string_view value, std::string_view patch);

}  // namespace loom::model
