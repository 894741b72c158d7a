// The pages of samples/screens, for the tests of what reads pictures.
//   auto picture = test::picture_of(test::screen("article_light.png"));
#pragma once

#include <gtest/gtest.h>
#include <leptonica/allheaders.h>

#include <fstream>
#include <iterator>
#include <string>

#include "loom/vision.h"

namespace loom::test {

inline std::string screen(const std::string& name) {
  std::ifstream file(LOOM_ROOT "/samples/screens/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Picture picture_of(std::string bytes) {
  l_int32 format = 0, width = 0, height = 0;
  pixReadHeaderMem(reinterpret_cast<const l_uint8*>(bytes.data()), bytes.size(), &format, &width, &height, nullptr,
                   nullptr, nullptr);
  auto kind = format == IFF_PNG ? PictureFormat::png : format == IFF_WEBP ? PictureFormat::webp : PictureFormat::jpeg;
  return {std::move(bytes), kind, width, height};
}

}  // namespace loom::test
