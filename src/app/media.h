// A file's bytes as a message's data: pictures and WAV files by what their headers say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace loom::app {

/// {"image_data",width,height} or {"chunk_data","sample_rate","duration_ms"} as JSON; nullopt: neither.
[[nodiscard]] std::optional<std::string> media_data(std::string_view bytes);

}  // namespace loom::app
