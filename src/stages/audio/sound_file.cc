#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
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

/// How long an MP3 frame is that begins here; 0: none does.
std::size_t mp3_frame(std::string_view bytes, std::size_t from) {
  if (from + 3 > bytes.size()) return 0;
  auto at = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[from + i])); };
  auto version = at(1) >> 3 & 3, layer = at(1) >> 1 & 3, bitrate = at(2) >> 4, rate = at(2) >> 2 & 3;
  if (at(0) != 0xff || at(1) < 0xe0 || version == 1 || layer != 1 || bitrate == 0 || bitrate == 15 || rate == 3) return 0;
  constexpr unsigned rates[] = {44100, 48000, 32000};
  constexpr unsigned first[] = {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320};
  constexpr unsigned second[] = {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160};
  bool is_first = version == 3;
  auto hertz = rates[rate] >> (is_first ? 0 : version == 2 ? 1 : 2);
  auto kilobits = is_first ? first[bitrate] : second[bitrate];
  return (is_first ? 144 : 72) * kilobits * 1000 / hertz + (at(2) >> 1 & 1);
}

/// PCM has no mark of its own and may hold any bytes: an MP3 is one when a second and a third frame follow.
bool begins_as_a_file(std::string_view bytes) {
  for (std::string_view mark : {"RIFF", "RF64", "fLaC", "OggS", "ID3", "FORM"})
    if (bytes.starts_with(mark)) return true;
  std::size_t at = 0;
  for (int frame = 0; frame < 3; ++frame) {
    auto size = mp3_frame(bytes, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

/// A WAV file that claims more bytes than there are; what was written as it was heard claims nothing (2 GB and more).
bool is_cut(std::string_view bytes) {
  constexpr std::uint32_t unknown_from = 0x7ffff000;
  if (!bytes.starts_with("RIFF") || bytes.size() < 8) return false;
  std::uint32_t claimed = 0;
  for (int i = 3; i >= 0; --i) claimed = claimed << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(4 + i)]);
  return claimed < unknown_from && claimed > bytes.size() - 8 + 1;  // one: the padding of an odd chunk may be left out
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
    return fail(ErrorKind::malformed, "the sound file cannot be read",
                {.remedy = "send a whole WAV, FLAC, OGG or MP3 file, or 16 bit PCM"});
  if (info.channels < 1 || info.channels > 8 || info.samplerate < 4000 || info.samplerate > 192000)
    return fail(ErrorKind::malformed, "the sound file claims " + std::to_string(info.channels) + " channels at " +
                                          std::to_string(info.samplerate) + " Hz");
  RecordedSound sound{{}, info.samplerate};
  auto most = static_cast<sf_count_t>(limits.max_seconds * std::min(info.samplerate, 48000));
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
  if (sf_error(file.get()) != SF_ERR_NO_ERROR || is_cut(bytes) ||
      (info.frames < SF_COUNT_MAX / 2 && static_cast<sf_count_t>(sound.samples.size()) < info.frames))
    return fail(ErrorKind::malformed, "the sound file is damaged or cut short after " + std::to_string(sound.samples.size()) + " samples",
                {.remedy = "send the whole file"});
  if (sound.samples.empty()) return fail(ErrorKind::malformed, "the sound file has no samples");
  if (channels) *channels = info.channels;
  return sound;
}

}  // namespace loom::stages
