#include "base/picture_header.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/picture_bytes.h"

namespace loom {
namespace {

using namespace std::string_literals;

TEST(PictureHeader, ReadsTheSizeOfEachFormat) {
  struct Case {
    std::string name, bytes;
    PictureFormat format;
    int width, height;
  };
  const Case cases[] = {
      {"png", png_bytes(600, 390), PictureFormat::png, 600, 390},
      {"png, one pixel", png_bytes(1, 1), PictureFormat::png, 1, 1},
      {"jpeg", jpeg_bytes(640, 480), PictureFormat::jpeg, 640, 480},
      {"jpeg, fill bytes before the marker", "\xff\xd8\xff\xff"s + jpeg_bytes(64, 48).substr(3), PictureFormat::jpeg,
       64, 48},
      {"jpeg, bytes after its end", jpeg_bytes(64, 48) + "trailer", PictureFormat::jpeg, 64, 48},
      {"webp, lossy", webp_bytes("VP8 ", "\0\0\0\x9d\x01\x2a\x58\x02\x86\x01"s), PictureFormat::webp, 600, 390},
      {"webp, lossless", webp_bytes("VP8L", "\x2f\x57\x42\x61\x00\0\0\0\0\0"s), PictureFormat::webp, 600, 390},
      {"webp, extended", webp_bytes("VP8X", "\0\0\0\0\x57\x02\0\x85\x01\0"s), PictureFormat::webp, 600, 390},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    auto header = header_of(one.bytes);
    ASSERT_TRUE(header) << to_string(header.error());
    EXPECT_EQ(header->format, one.format);
    EXPECT_EQ(header->width, one.width);
    EXPECT_EQ(header->height, one.height);
  }
}

TEST(PictureHeader, RefusesWhatIsNoPictureOrNotWhole) {
  struct Case {
    std::string name, bytes, says;
  };
  auto png = png_bytes(600, 390), jpeg = jpeg_bytes(640, 480);
  const Case cases[] = {
      {"nothing", "", "no picture"},
      {"text", "not a picture", "no picture"},
      {"a GIF", "GIF89a\x01\0\x01\0"s, "no picture"},
      {"half a magic", png.substr(0, 5), "no picture"},
      {"png, magic alone", png.substr(0, 8), "ends early"},
      {"png without its last byte", png.substr(0, png.size() - 1), "ends early"},
      {"png without IEND", png.substr(0, png.size() - 12), "ends early"},
      {"png, a chunk of 4 GiB", png.substr(0, 33) + "\xff\xff\xff\xffIDAT", "ends early"},
      {"png without IHDR", png.substr(0, 12) + "JUNK" + png.substr(16), "no valid header"},
      {"png, width 0", png_bytes(0, 5), "no valid header"},
      {"png, height beyond 31 bits", png_bytes(1, 0x80000001U), "no valid header"},
      {"jpeg, magic alone", jpeg.substr(0, 3), "ends early"},
      {"jpeg without its end", jpeg.substr(0, jpeg.size() - 2), "ends early"},
      {"jpeg, segment of length 0", "\xff\xd8\xff\xe0\0\0\xff\xd9"s, "no valid header"},
      {"jpeg, frame header too short", "\xff\xd8\xff\xc0\0\x04\x08\0\xff\xd9"s, "no valid header"},
      {"jpeg without a frame", "\xff\xd8\xff\xe0\0\x02\xff\xd9"s, "no valid header"},
      {"jpeg, segment beyond the end", "\xff\xd8\xff\xe0\xff\xff"s, "ends early"},
      {"jpeg, height 0", jpeg_bytes(640, 0), "no valid header"},
      {"webp, twelve bytes", "RIFF\x04\0\0\0WEBP"s, "ends early"},
      {"webp, shorter than it says", webp_bytes("VP8X", "\0\0\0\0\x57\x02\0\x85\x01\0"s).substr(0, 29), "ends early"},
      {"webp, of an unknown kind", webp_bytes("ABCD", std::string(10, '\0')), "no valid header"},
      {"webp, lossy without its start code", webp_bytes("VP8 ", std::string(10, '\0')), "no valid header"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    auto header = header_of(one.bytes);
    ASSERT_FALSE(header);
    EXPECT_EQ(header.error().kind, ErrorKind::malformed);
    EXPECT_NE(header.error().message.find(one.says), std::string::npos) << header.error().message;
    EXPECT_FALSE(header.error().remedy.empty());
  }
}

// Every cut is noticed, and no cut or changed byte makes it read outside of the bytes (the sanitizers watch).
TEST(PictureHeader, NoticesEveryCut) {
  for (const auto& whole :
       {png_bytes(600, 390), jpeg_bytes(640, 480), webp_bytes("VP8X", "\0\0\0\0\x57\x02\0\x85\x01\0"s)})
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_FALSE(header_of(std::string(whole, 0, size))) << size << " of " << whole.size();
}

TEST(PictureHeader, AnyBytesAreSafe) {
  std::mt19937 chance(7);
  for (const auto& whole :
       {png_bytes(600, 390), jpeg_bytes(640, 480), webp_bytes("VP8L", "\x2f\x57\x42\x61\x00\0\0\0\0\0"s)}) {
    for (int round = 0; round < 20'000; ++round) {
      auto bytes = whole;
      for (int changes = 1 + static_cast<int>(chance() % 4); changes > 0; --changes)
        bytes[chance() % bytes.size()] = static_cast<char>(chance());
      auto header = header_of(bytes);
      EXPECT_TRUE(!header || (header->width > 0 && header->height > 0));
    }
  }
}

}  // namespace
}  // namespace loom
