// The picture of a message: data.image_data decoded, recognised and checked against the limits and against what the
// message says of it. Pure. Threads: any.
// Errors, all with the field: missing_field, malformed (base64, no picture, cut short), too_large, invalid_value
// (data.width or data.height is another than the picture's own).
//   auto picture = picture_of(message, {.max_pixels = 50'000'000});
#pragma once

#include <cstdint>

#include "loom/envelope.h"
#include "loom/vision.h"

namespace loom::stages {

struct PictureLimits {
  std::int64_t max_pixels = 50'000'000;
};

[[nodiscard]] Result<Picture> picture_of(const Envelope& message, const PictureLimits& limits);

}  // namespace loom::stages
