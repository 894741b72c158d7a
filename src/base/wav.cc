#include "base/wav.h"

#include <algorithm>

namespace loom {
namespace {

std::uint32_t read(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void write(std::string& to, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) to += static_cast<char>(value >> (8 * i) & 0xff);
}

bool sensible(const WavHeader& header) {
  return header.channels >= 1 && header.rate >= 1 && header.bits >= 8 && header.bits <= 64;
}

}  // namespace

std::optional<WavHeader> wav_header_of(std::string_view bytes) {
  if (bytes.size() < 12 || bytes.substr(0, 4) != "RIFF" || bytes.substr(8, 4) != "WAVE") return std::nullopt;
  WavHeader header;
  bool described = false;
  for (std::size_t at = 12; bytes.size() - at >= 8;) {
    auto name = bytes.substr(at, 4);
    std::size_t size = read(bytes, at + 4, 4), here = std::min(size, bytes.size() - at - 8);
    at += 8;
    if (name == "fmt " && here >= 16) {
      header.format = static_cast<int>(read(bytes, at, 2));
      header.channels = static_cast<int>(read(bytes, at + 2, 2));
      header.rate = static_cast<int>(read(bytes, at + 4, 4));
      header.bits = static_cast<int>(read(bytes, at + 14, 2));
      described = true;
    } else if (name == "data") {
      header.data_at = at;
      header.data_size = here;
      return described && sensible(header) ? std::optional(header) : std::nullopt;
    }
    at += std::min(here + size % 2, bytes.size() - at);
  }
  return std::nullopt;
}

std::string wav_of(std::span<const float> samples, int rate) {
  auto size = static_cast<std::uint32_t>(samples.size() * 2);
  std::string file;
  file.reserve(44 + size);
  file += "RIFF";
  write(file, 36 + size, 4);
  file += "WAVEfmt ";
  write(file, 16, 4);
  write(file, 1, 2);
  write(file, 1, 2);
  write(file, static_cast<std::uint32_t>(rate), 4);
  write(file, static_cast<std::uint32_t>(rate) * 2, 4);
  write(file, 2, 2);
  write(file, 16, 2);
  file += "data";
  write(file, size, 4);
  file.resize(44 + size);
  char* to = file.data() + 44;
  for (float sample : samples) {
    auto level = static_cast<std::uint16_t>(level_of(sample));
    *to++ = static_cast<char>(level & 0xff);
    *to++ = static_cast<char>(level >> 8);
  }
  return file;
}

}  // namespace loom
