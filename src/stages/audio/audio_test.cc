#include "stages/audio/audio.h"

#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <random>

#include "base/bytes.h"
#include "loom/json.h"

namespace loom::stages {
namespace {

struct Growing {
  std::string bytes;
  sf_count_t at = 0;
};

SF_VIRTUAL_IO growing_io() {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* user) { return static_cast<sf_count_t>(static_cast<Growing*>(user)->bytes.size()); };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    auto& it = *static_cast<Growing*>(user);
    it.at = offset + (whence == SEEK_CUR ? it.at : whence == SEEK_END ? static_cast<sf_count_t>(it.bytes.size()) : 0);
    return it.at;
  };
  io.read = [](void*, sf_count_t, void*) { return sf_count_t{0}; };
  io.write = [](const void* from, sf_count_t count, void* user) {
    auto& it = *static_cast<Growing*>(user);
    if (static_cast<std::size_t>(it.at + count) > it.bytes.size()) it.bytes.resize(static_cast<std::size_t>(it.at + count));
    std::copy_n(static_cast<const char*>(from), count, it.bytes.begin() + it.at);
    it.at += count;
    return count;
  };
  io.tell = [](void* user) { return static_cast<Growing*>(user)->at; };
  return io;
}

/// Silence at 4 kHz.
std::string quiet_flac(int seconds) {
  Growing memory;
  auto io = growing_io();
  SF_INFO info{};
  info.samplerate = 4000, info.channels = 1, info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  auto* file = sf_open_virtual(&io, SFM_WRITE, &info, &memory);
  if (!file) return "";
  double fastest = 0;
  sf_command(file, SFC_SET_COMPRESSION_LEVEL, &fastest, sizeof fastest);
  std::vector<short> minute(240'000);
  for (int i = 0; i < seconds / 60; ++i) sf_writef_short(file, minute.data(), 240'000);
  sf_close(file);
  return memory.bytes;
}

/// A tone of 440 Hz as a file of this kind.
std::string file_of(int format, int rate = 48000, int channels = 1, double seconds = 1) {
  Growing memory;
  auto io = growing_io();
  SF_INFO info{};
  info.samplerate = rate, info.channels = channels, info.format = format;
  auto* file = sf_open_virtual(&io, SFM_WRITE, &info, &memory);
  if (!file) return "";
  std::vector<float> frames;
  for (int i = 0; i < static_cast<int>(rate * seconds); ++i)
    for (int c = 0; c < channels; ++c) frames.push_back(0.5F * std::sin(2764.6F * static_cast<float>(i) / static_cast<float>(rate)));
  sf_writef_float(file, frames.data(), static_cast<sf_count_t>(rate * seconds));
  sf_close(file);
  return memory.bytes;
}

Result<RecordedSound> sound_of_bytes(const std::string& bytes, const std::string& more = "", SoundLimits limits = {}) {
  json::Document document;
  auto text = R"({"data":{)" + more + R"("chunk_data":")" + base64_encode(bytes) + R"("}})";
  Envelope message;
  message.value = *document.parse(text);
  message.json = text;
  return sound_of(message, limits);
}

std::string error_of(const Result<RecordedSound>& sound) { return sound ? "no error" : sound.error().field + ": " + sound.error().message; }

double loudness(const Sound& sound) {
  double sum = 0;
  for (float sample : sound) sum += static_cast<double>(sample) * sample;
  return std::sqrt(sum / static_cast<double>(sound.size()));
}

TEST(Audio, EveryKindOfFileIsHeard) {
  struct Kind {
    const char* name;
    int format;
  };
  for (auto [name, format] : {Kind{"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16}, Kind{"wav 24 bit", SF_FORMAT_WAV | SF_FORMAT_PCM_24},
                              Kind{"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16}, Kind{"ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
                              Kind{"opus", SF_FORMAT_OGG | SF_FORMAT_OPUS}, Kind{"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}})
    for (int channels : {1, 2}) {
      SCOPED_TRACE(name);
      auto sound = sound_of_bytes(file_of(format, 48000, channels));
      ASSERT_TRUE(sound) << error_of(sound);
      EXPECT_EQ(sound->rate, 48000);
      EXPECT_NEAR(sound->seconds(), 1, 0.06);
      auto at_16 = at_16_khz(*sound);
      EXPECT_NEAR(static_cast<double>(at_16.size()), 16000 * sound->seconds(), 2);
      EXPECT_NEAR(loudness(at_16), 0.354, 0.03);
    }
}

TEST(Audio, PcmIsWhatTheMessageSays) {
  std::string pcm(32000, '\0');
  auto sound = sound_of_bytes(pcm, R"("sample_rate":8000,"channels":2,"duration_ms":1000,)");
  ASSERT_TRUE(sound) << error_of(sound);
  EXPECT_EQ(sound->samples.size(), 8000U);
  EXPECT_EQ(sound->rate, 8000);
}

TEST(Audio, PcmThatLooksLikeAnMp3IsPcm) {
  for (const auto* start : {"\xff\xfb\x90\x64", "\xff\xf3\x40\x00", "\xff\xfa\x90\x00"}) {
    std::string pcm(start, 4);
    pcm.resize(3200, 'x');
    EXPECT_TRUE(sound_of_bytes(pcm, R"("sample_rate":16000,)"));
  }
}

TEST(Audio, WhatIsWrongIsNamed) {
  auto flac = file_of(SF_FORMAT_FLAC | SF_FORMAT_PCM_16), wav = file_of(SF_FORMAT_WAV | SF_FORMAT_PCM_16);
  struct Case {
    std::string bytes, more, says;
  };
  const Case cases[] = {
      {"", "", "is empty"},
      {std::string(32001, 'x'), R"("sample_rate":16000,)", "no whole number"},
      {std::string(32000, 'x'), "", "data.sample_rate is 0"},
      {std::string(32000, 'x'), R"("sample_rate":1,)", "data.sample_rate is 1"},
      {std::string(32000, 'x'), R"("sample_rate":"fast",)", "no number"},
      {std::string(32000, 'x'), R"("sample_rate":16000,"channels":3,)", "data.channels is 3"},
      {std::string(32000, 'x'), R"("sample_rate":16000,"duration_ms":5000,)", "data.duration_ms is 5000"},
      {std::string(32000, 'x'), R"("sample_rate":16000,"format":"wav",)", "begin as no sound file"},
      {wav, R"("sample_rate":16000,)", "data.sample_rate is 16000, the sound has 48000"},
      {wav, R"("channels":2,)", "data.channels is 2"},
      {flac.substr(0, flac.size() / 2), "", "damaged or cut short"},
      {wav.substr(0, wav.size() / 2), "", "damaged or cut short"},
      {wav.substr(0, 20), "", "cannot be read"},
  };
  for (const auto& one : cases) {
    auto sound = sound_of_bytes(one.bytes, one.more);
    EXPECT_NE(error_of(sound).find(one.says), std::string::npos) << error_of(sound) << ", wanted: " << one.says;
  }
}

TEST(Audio, AWavOfUnknownLengthIsReadToItsEnd) {
  auto wav = file_of(SF_FORMAT_WAV | SF_FORMAT_PCM_16);
  for (auto at : {std::size_t{4}, wav.find("data") + 4}) wav.replace(at, 4, 4, '\xff');
  auto sound = sound_of_bytes(wav);
  ASSERT_TRUE(sound) << error_of(sound);
  EXPECT_NEAR(sound->seconds(), 1, 0.01);
}

TEST(Audio, WhatIsTooLongIsCutOff) {
  EXPECT_NE(error_of(sound_of_bytes(std::string(64000, 0), R"("sample_rate":16000,)", {1})).find("more than 1000 ms"), std::string::npos);
  EXPECT_NE(error_of(sound_of_bytes(file_of(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 48000, 1, 3), "", {1})).find("longer than 1 s"), std::string::npos);
}

/// 144 million samples in less than a megabyte: read no further than to the limit.
TEST(Audio, TenHoursOfQuietAreTooLongWhateverTheirSize) {
  auto file = quiet_flac(10 * 3600);
  ASSERT_GT(file.size(), 100'000U);
  EXPECT_LT(file.size(), 4U << 20);
  EXPECT_NE(error_of(sound_of_bytes(file)).find("longer than 600 s"), std::string::npos);
}

TEST(Audio, AnyBytesAreSafe) {
  std::mt19937 random(11);
  for (const auto& whole : {file_of(SF_FORMAT_FLAC | SF_FORMAT_PCM_16), file_of(SF_FORMAT_OGG | SF_FORMAT_VORBIS),
                            file_of(SF_FORMAT_WAV | SF_FORMAT_PCM_16), file_of(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)})
    for (int round = 0; round < 60; ++round) {
      auto bytes = whole.substr(0, random() % whole.size());
      for (int i = 0; i < 5 && !bytes.empty(); ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
      (void)sound_of_bytes(bytes, R"("sample_rate":48000,)");
    }
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random() % 3000, 0);
    for (char& byte : bytes) byte = static_cast<char>(random());
    (void)sound_of_bytes(bytes, R"("sample_rate":16000,)");
  }
}

TEST(Audio, AStreamIsResampledAsAWhole) {
  RecordedSound sound{std::vector<float>(44100), 44100};
  for (std::size_t i = 0; i < sound.samples.size(); ++i) sound.samples[i] = 0.5F * std::sin(0.0627F * static_cast<float>(i));
  auto whole = at_16_khz(sound);
  Resampler resampler(44100);
  Sound pieces;
  for (std::size_t at = 0; at < sound.samples.size(); at += 777) {
    auto piece = resampler.push({sound.samples.data() + at, std::min<std::size_t>(777, sound.samples.size() - at)});
    pieces.insert(pieces.end(), piece.begin(), piece.end());
  }
  auto rest = resampler.flush();
  pieces.insert(pieces.end(), rest.begin(), rest.end());
  ASSERT_EQ(pieces.size(), whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) ASSERT_NEAR(pieces[i], whole[i], 1e-5);
}

}  // namespace
}  // namespace loom::stages
