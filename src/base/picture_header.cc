#include "base/picture_header.h"

#include <cstdint>
#include <optional>

namespace loom {
namespace {

using namespace std::string_view_literals;

constexpr auto png_magic = "\x89PNG\r\n\x1a\n"sv;

/// Bytes read by position; what lies outside reads as absent.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool has(std::size_t at, std::string_view text) const {
    return at <= size() && bytes_.substr(at, text.size()) == text;
  }
  [[nodiscard]] std::optional<std::uint32_t> big_endian(std::size_t at, std::size_t count) const {
    if (at > size() || count > size() - at) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | byte(at + i);
    return value;
  }
  [[nodiscard]] std::optional<std::uint32_t> little_endian(std::size_t at, std::size_t count) const {
    if (at > size() || count > size() - at) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = count; i > 0; --i) value = value << 8 | byte(at + i - 1);
    return value;
  }
  [[nodiscard]] std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(bytes_[at]); }

 private:
  std::string_view bytes_;
};

tl::unexpected<Error> ends_early(PictureFormat format) {
  return fail(ErrorKind::malformed, "the " + std::string(name_of(format)) + " picture ends early",
              {.field = {}, .remedy = "send the whole file"});
}
tl::unexpected<Error> has_no_size(PictureFormat format) {
  return fail(ErrorKind::malformed, "the " + std::string(name_of(format)) + " picture has no valid header",
              {.field = {}, .remedy = "send a picture that a viewer can open"});
}

Result<PictureHeader> sized(PictureFormat format, std::uint32_t width, std::uint32_t height) {
  constexpr std::uint32_t most = 0x7fffffff;
  if (width == 0 || height == 0 || width > most || height > most) return has_no_size(format);
  return PictureHeader{format, static_cast<int>(width), static_cast<int>(height)};
}

/// Chunks of length, kind, data, checksum; the first is IHDR, the last IEND.
Result<PictureHeader> png_header(const Bytes& bytes) {
  auto width = bytes.big_endian(16, 4), height = bytes.big_endian(20, 4);
  if (!width || !height) return ends_early(PictureFormat::png);
  if (!bytes.has(12, "IHDR")) return has_no_size(PictureFormat::png);
  for (std::size_t at = png_magic.size();;) {
    auto length = bytes.big_endian(at, 4);
    if (!length || bytes.size() - at < 12 + std::size_t{*length}) return ends_early(PictureFormat::png);
    if (bytes.has(at + 4, "IEND")) return sized(PictureFormat::png, *width, *height);
    at += 12 + std::size_t{*length};
  }
}

bool is_frame_header(std::uint8_t marker) {  // SOF0 to SOF15 but DHT, JPG and DAC
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}
bool stands_alone(std::uint8_t marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8); }

/// Segments of marker, length, data. Within a scan 0xff is followed by 0x00 or a restart marker, so that the next other
/// marker is a real one.
Result<PictureHeader> jpeg_header(const Bytes& bytes) {
  std::optional<PictureHeader> frame;
  for (std::size_t at = 2; at + 1 < bytes.size();) {
    auto marker = bytes.byte(at + 1);
    if (bytes.byte(at) != 0xff || marker == 0x00 || marker == 0xff || stands_alone(marker)) {
      at += bytes.byte(at) == 0xff && marker != 0xff ? 2 : 1;
      continue;
    }
    if (marker == 0xd9) {
      if (frame) return *frame;
      return has_no_size(PictureFormat::jpeg);
    }
    auto length = bytes.big_endian(at + 2, 2);
    if (!length || bytes.size() - at - 2 < *length) break;
    if (*length < 2) return has_no_size(PictureFormat::jpeg);
    if (is_frame_header(marker) && !frame) {
      if (*length < 8) return has_no_size(PictureFormat::jpeg);
      auto size = sized(PictureFormat::jpeg, *bytes.big_endian(at + 7, 2), *bytes.big_endian(at + 5, 2));
      if (!size) return size;
      frame = *size;
    }
    at += 2 + std::size_t{*length};
  }
  return ends_early(PictureFormat::jpeg);
}

/// RIFF, size, "WEBP", then one of three kinds of chunk that each write the size in their own way.
Result<PictureHeader> webp_header(const Bytes& bytes) {
  auto whole = bytes.little_endian(4, 4);
  if (!whole || bytes.size() - 8 < *whole || bytes.size() < 30) return ends_early(PictureFormat::webp);
  constexpr std::uint32_t lossy = 0x3fff;
  if (bytes.has(12, "VP8 ")) {
    if (!bytes.has(23, "\x9d\x01\x2a")) return has_no_size(PictureFormat::webp);
    return sized(PictureFormat::webp, *bytes.little_endian(26, 2) & lossy, *bytes.little_endian(28, 2) & lossy);
  }
  if (bytes.has(12, "VP8L")) {
    if (bytes.byte(20) != 0x2f) return has_no_size(PictureFormat::webp);
    auto both = *bytes.little_endian(21, 4);
    return sized(PictureFormat::webp, (both & lossy) + 1, (both >> 14 & lossy) + 1);
  }
  if (bytes.has(12, "VP8X"))
    return sized(PictureFormat::webp, *bytes.little_endian(24, 3) + 1, *bytes.little_endian(27, 3) + 1);
  return has_no_size(PictureFormat::webp);
}

}  // namespace

Result<PictureHeader> header_of(std::string_view text) {
  Bytes bytes(text);
  if (bytes.has(0, png_magic)) return png_header(bytes);
  if (bytes.has(0, "\xff\xd8\xff"sv)) return jpeg_header(bytes);
  if (bytes.has(0, "RIFF") && bytes.has(8, "WEBP")) return webp_header(bytes);
  return fail(ErrorKind::malformed, "the bytes are no picture",
              {.field = {}, .remedy = "send a PNG, JPEG or WebP file"});
}

}  // namespace loom
