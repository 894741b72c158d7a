#include "app/media.h"

#include "base/bytes.h"
#include "base/picture_header.h"
#include "base/wav.h"
#include "loom/json.h"

namespace loom::app {
std::optional<std::string> media_data(std::string_view bytes) {
  if (auto wav = wav_header_of(bytes)) {
    return json::Writer{}
        .field("chunk_data", base64_encode(bytes))
        .field("sample_rate", wav->rate)
        .field("duration_ms", 1000 * wav->seconds())
        .text();
  }
  auto picture = header_of(bytes);
  if (!picture) return std::nullopt;
  return json::Writer{}
      .field("image_data", base64_encode(bytes))
      .field("width", picture->width)
      .field("height", picture->height)
      .text();
}

}  // namespace loom::app
