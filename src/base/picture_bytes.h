// For tests: files that are pictures as far as their structure goes, of any claimed size, a few dozen bytes long. They
// do not decode.
#pragma once

#include <cstdint>
#include <string>

namespace loom {

inline std::string big_endian(std::uint32_t value, int count) {
  std::string bytes;
  for (int i = count - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

inline std::string png_bytes(std::uint32_t width, std::uint32_t height) {
  std::string bytes = "\x89PNG\r\n\x1a\n";
  bytes += big_endian(13, 4) + "IHDR" + big_endian(width, 4) + big_endian(height, 4) + std::string("\x08\0\0\0\0", 5) +
           "csum";
  bytes += big_endian(4, 4) + "IDATdatacsum";
  return bytes + big_endian(0, 4) + "IENDcsum";
}

inline std::string jpeg_bytes(std::uint32_t width, std::uint32_t height) {
  std::string bytes(
      "\xff\xd8\xff\xe0\0\x06"
      "JFIF",
      10);
  bytes += std::string("\xff\xc0\0\x0b\x08", 5) + big_endian(height, 2) + big_endian(width, 2) +
           std::string("\x01\x01\x11\0", 4);
  bytes += std::string("\xff\xda\0\x08\x01\x01\0\0\x3f\0", 10);
  return bytes + std::string("scan\xff\0data\xff\xd0more\xff\xd9", 18);
}

/// `head` is the chunk's first 10 bytes.
inline std::string webp_bytes(const std::string& chunk, const std::string& head) {
  return "RIFF" + std::string("\x16\0\0\0", 4) + "WEBP" + chunk + std::string("\x0a\0\0\0", 4) + head;
}

}  // namespace loom
