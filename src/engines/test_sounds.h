// Recordings for tests, from .deps/testdata and samples/: 16 kHz mono PCM WAV files with a plain header.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "loom/speech.h"

namespace loom::test {

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("no recording " + file.string() + ": run tools/setup test");
  return {std::istreambuf_iterator<char>(in), {}};
}

inline Sound sound_of(const std::string& name) {
  auto bytes = bytes_of(std::filesystem::path(LOOM_ROOT) / name);
  auto data = bytes.find("data") + 8;
  Sound sound((bytes.size() - data) / 2);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    std::int16_t sample = 0;
    std::memcpy(&sample, bytes.data() + data + 2 * i, 2);
    sound[i] = static_cast<float>(sample) / 32768.0F;
  }
  return sound;
}

inline Sound jfk() { return sound_of(".deps/testdata/jfk.wav"); }
/// One of 0870, 0880, 0890, 0920, 0930.
inline Sound librivox(const std::string& number) {
  return sound_of(".deps/testdata/librivox/sense_and_sensibility_01_austen_64kb-" + number + ".wav");
}

}  // namespace loom::test
