#include "app/media.h"

#include <cstring>

#include "base/bytes.h"
#include "loom/json.h"
#include "stages/ocr/picture_header.h"

namespace loom::app {
namespace {

std::uint32_t little_endian(std::string_view bytes, std::size_t at, int size) {
  std::uint32_t value = 0;
  for (int i = 0; i < size; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)])) << (8 * i);
  return value;
}

struct WavHeader {
  std::uint32_t sample_rate = 0, bytes_a_second = 0, data_bytes = 0;
};

/// Chunk by chunk to `fmt ` and `data`; a length that lies is cut to what is there.
std::optional<WavHeader> wav_header(std::string_view bytes) {
  if (bytes.size() < 44 || bytes.substr(0, 4) != "RIFF" || bytes.substr(8, 4) != "WAVE") return std::nullopt;
  WavHeader header;
  for (std::size_t at = 12; at + 8 <= bytes.size();) {
    auto name = bytes.substr(at, 4);
    std::size_t length = std::min<std::size_t>(little_endian(bytes, at + 4, 4), bytes.size() - at - 8);
    if (name == "fmt " && length >= 16) {
      header.sample_rate = little_endian(bytes, at + 12, 4);
      header.bytes_a_second = little_endian(bytes, at + 16, 4);
    } else if (name == "data") {
      header.data_bytes = static_cast<std::uint32_t>(length);
    }
    at += 8 + length + length % 2;
  }
  if (header.sample_rate == 0 || header.bytes_a_second == 0) return std::nullopt;
  return header;
}

}  // namespace

std::optional<std::string> media_data(std::string_view bytes) {
  if (auto wav = wav_header(bytes)) {
    return json::Writer{}
        .field("chunk_data", base64_encode(bytes))
        .field("sample_rate", static_cast<std::int64_t>(wav->sample_rate))
        .field("duration_ms", 1000.0 * wav->data_bytes / wav->bytes_a_second)
        .text();
  }
  auto picture = stages::header_of(bytes);
  if (!picture) return std::nullopt;
  return json::Writer{}
      .field("image_data", base64_encode(bytes))
      .field("width", picture->width)
      .field("height", picture->height)
      .text();
}

}  // namespace loom::app
