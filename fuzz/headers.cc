// What pictures and WAV files say of themselves.
#include "base/picture_header.h"
#include "base/wav.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom;
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (auto picture = header_of(text))
    fuzz::holds(picture->width > 0 && picture->height > 0, "a picture has a size");
  if (auto sound = wav_header_of(text)) {
    fuzz::holds(sound->data_at + sound->data_size <= size, "the samples lie in the file");
    fuzz::holds(sound->seconds() >= 0, "a sound lasts");
  }
  return 0;
}
