#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "stages/audio/audio.h"

namespace loom::stages {
namespace {

constexpr sf_count_t block = 16384;  // frames read at once

struct Memory {
  std::string_view bytes;
  sf_count_t at = 0;
};

Memory& memory_of(void* user) { return *static_cast<Memory*>(user); }

SF_VIRTUAL_IO memory_io() {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* user) { return static_cast<sf_count_t>(memory_of(user).bytes.size()); };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    auto& memory = memory_of(user);
    auto size = static_cast<sf_count_t>(memory.bytes.size());
    auto to = offset + (whence == SEEK_CUR ? memory.at : whence == SEEK_END ? size : 0);
    return memory.at = std::clamp<sf_count_t>(to, 0, size);
  };
  io.read = [](void* to, sf_count_t count, void* user) {
    auto& memory = memory_of(user);
    count = std::clamp<sf_count_t>(count, 0, static_cast<sf_count_t>(memory.bytes.size()) - memory.at);
    std::memcpy(to, memory.bytes.data() + memory.at, static_cast<std::size_t>(count));
    memory.at += count;
    return count;
  };
  io.write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; };
  io.tell = [](void* user) { return memory_of(user).at; };
  return io;
}

/// PCM has no mark of its own, so an MP3 is only taken for one when it begins as one without doubt.
bool begins_as_a_file(std::string_view bytes) {
  for (std::string_view mark : {"RIFF", "RF64", "fLaC", "OggS", "ID3", "FORM"})
    if (bytes.starts_with(mark)) return true;
  if (bytes.size() < 3) return false;
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  auto bitrate = at(2) >> 4, rate = at(2) >> 2 & 3;
  return at(0) == 0xff && (at(1) == 0xfb || at(1) == 0xf3) && bitrate > 0 && bitrate < 15 && rate < 3;
}

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

}  // namespace

Result<std::optional<RecordedSound>> read_sound_file(std::string_view bytes, const SoundLimits& limits, int* channels) {
  if (!begins_as_a_file(bytes)) return std::nullopt;
  Memory memory{bytes};
  auto io = memory_io();
  SF_INFO info{};
  std::unique_ptr<SNDFILE, Close> file(sf_open_virtual(&io, SFM_READ, &info, &memory));
  if (!file)
    return fail(ErrorKind::malformed, std::string("the sound file cannot be read: ") + sf_strerror(nullptr),
                {.remedy = "send a whole WAV, FLAC, OGG or MP3 file, or 16 bit PCM"});
  if (info.channels < 1 || info.channels > 8 || info.samplerate < 4000 || info.samplerate > 192000)
    return fail(ErrorKind::malformed, "the sound file claims " + std::to_string(info.channels) + " channels at " +
                                          std::to_string(info.samplerate) + " Hz");
  RecordedSound sound{{}, info.samplerate};
  auto most = static_cast<sf_count_t>(limits.max_seconds * info.samplerate);
  std::vector<float> frames(static_cast<std::size_t>(block * info.channels));
  while (auto count = sf_readf_float(file.get(), frames.data(), block)) {
    if (static_cast<sf_count_t>(sound.samples.size()) + count > most)
      return fail(ErrorKind::too_large, "the sound lasts longer than " + std::to_string(std::llround(limits.max_seconds)) + " s",
                  {.remedy = "send shorter chunks or raise the stage's max_seconds"});
    for (sf_count_t i = 0; i < count; ++i) {
      float sum = 0;
      for (int channel = 0; channel < info.channels; ++channel)
        sum += frames[static_cast<std::size_t>(i * info.channels + channel)];
      auto sample = sum / static_cast<float>(info.channels);
      sound.samples.push_back(std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F);
    }
  }
  if (sound.samples.empty()) return fail(ErrorKind::malformed, "the sound file has no samples");
  if (channels) *channels = info.channels;
  return sound;
}

}  // namespace loom::stages
