#include "stages/ocr/picture.h"

#include "base/bytes.h"
#include "base/picture_header.h"

namespace loom::stages {
namespace {

constexpr auto picture_field = "data.image_data";

std::string size_text(std::int64_t width, std::int64_t height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

/// A side that the message gives: it has to be a whole number and the picture's own.
Result<void> check_side(const Envelope& message, const std::string& field, const PictureHeader& header) {
  auto given = message.value.at_path(field);
  if (!given || given->is_null()) return {};
  auto own = field == "data.width" ? header.width : header.height;
  auto claimed = given->integer();
  if (claimed && *claimed == own) return {};
  auto what = claimed ? std::to_string(*claimed) : "no whole number";
  return fail(ErrorKind::invalid_value,
              field + " is " + what + ", the picture is " + size_text(header.width, header.height),
              {.field = field, .remedy = "send the picture's own size, or leave it out"});
}

}  // namespace

Result<Picture> picture_of(const Envelope& message, const PictureLimits& limits) {
  auto text = message.string_at(picture_field);
  if (!text) return tl::unexpected(text.error());
  auto bytes = base64_decode(*text);
  if (!bytes)
    return fail(ErrorKind::malformed, "the picture is no base64",
                {.field = picture_field, .remedy = "encode it as RFC 4648 base64 with padding"});
  auto header = header_of(*bytes);
  if (!header) {
    header.error().field = picture_field;
    return tl::unexpected(header.error());
  }
  if (std::int64_t{header->width} * header->height > limits.max_pixels)
    return fail(ErrorKind::too_large,
                "the picture is " + size_text(header->width, header->height) + ", more than " +
                    std::to_string(limits.max_pixels) + " pixels",
                {.field = picture_field, .remedy = "send a smaller one or raise the stage's max_pixels"});
  for (const auto* field : {"data.width", "data.height"})
    if (auto fits = check_side(message, field, *header); !fits) return tl::unexpected(fits.error());
  return Picture{std::move(*bytes), header->format, header->width, header->height};
}

}  // namespace loom::stages
