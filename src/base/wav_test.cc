#include "base/wav.h"

#include <gtest/gtest.h>

#include <vector>

namespace loom {
namespace {

TEST(Wav, is_read_as_it_was_written) {
  std::vector<float> sound(24000, 0.5F);
  sound[0] = 2, sound[1] = -2, sound[2] = 0;
  auto file = wav_of(sound, 16000);
  auto header = wav_header_of(file);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->rate, 16000);
  EXPECT_EQ(header->channels, 1);
  EXPECT_EQ(header->bits, 16);
  EXPECT_EQ(header->data_at, 44u);
  EXPECT_DOUBLE_EQ(header->seconds(), 1.5);
  EXPECT_EQ(file.substr(44, 6), std::string("\xff\x7f\x01\x80\0\0", 6));
}

TEST(Wav, reads_past_other_chunks) {
  auto file = wav_of(std::vector<float>(10), 8000);
  file.insert(36, std::string("LIST\x03\0\0\0abc\0", 12));
  ASSERT_TRUE(wav_header_of(file));
  EXPECT_EQ(wav_header_of(file)->data_size, 20u);
}

TEST(Wav, any_cut_and_any_byte_is_safe) {
  auto file = wav_of(std::vector<float>(10), 8000);
  for (std::size_t length = 0; length < file.size(); ++length) {
    auto header = wav_header_of(std::string_view(file).substr(0, length));
    EXPECT_EQ(header.has_value(), length >= 44) << length;
  }
  for (std::size_t at = 0; at < 44; ++at)
    for (char value : {'\0', '\xff'}) {
      auto bad = file;
      bad[at] = value;
      auto header = wav_header_of(bad);
      EXPECT_TRUE(!header || header->data_at + header->data_size <= bad.size());
    }
}

}  // namespace
}  // namespace loom
