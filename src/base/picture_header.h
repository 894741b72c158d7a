// What a picture's file says of itself: format, width, height, and whether it is whole. Pure, reads no pixels, so that
// a few bytes that claim a huge picture cost nothing. Any bytes are safe. Threads: any. Errors: malformed (no PNG, JPEG
// or WebP, or one that ends early).
//   auto header = header_of(bytes);   // {PictureFormat::png, 600, 390}
#pragma once

#include <string_view>

#include "loom/vision.h"

namespace loom {

struct PictureHeader {
  PictureFormat format = PictureFormat::png;
  int width = 0, height = 0;
};

[[nodiscard]] Result<PictureHeader> header_of(std::string_view bytes);

}  // namespace loom
