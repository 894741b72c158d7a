#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

namespace loom {
namespace {

TEST(Base64, KnownTexts) {
  const std::array<std::pair<std::string, std::string>, 8> rows{{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xff\xef\xbe", "/+++"}}};
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes) << text;
    EXPECT_TRUE(is_base64(text)) << text;
  }
}

TEST(Base64, EachByteAndLengthComesBack) {
  std::string bytes;
  for (int i = 0; i < 600; ++i) {
    ASSERT_EQ(base64_decode(base64_encode(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64, RefusesWhatIsNotStrict) {
  for (std::string text : {"A",
                           "AB",
                           "ABC",
                           "Zg=",
                           "Zg===",
                           "=",
                           "==",
                           "====",
                           "A===",
                           "Zm9v\n",
                           "Zm 9v",
                           " Zm9",
                           "Zm9-",
                           "Zm9_",
                           "Zh==",
                           "Zm9=",
                           "Zg==Zg==",
                           "Zm=v",
                           "Z===",
                           "Zm9v\xc3\xa9",
                           "Zm\xe1v",
                           "data:image/png,Zm9v",
                           "data:;base64Zm9v",
                           "data:image/png;base64,Zm9",
                           "data:",
                           "base64,Zm9v",
                           "@@@@",
                           "[[[[",
                           "````",
                           "{{{{",
                           "!m9v",
                           ".m9v",
                           ":m9v"}) {
    EXPECT_FALSE(is_base64(text)) << text;
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  EXPECT_FALSE(is_base64(std::string_view("Zm\0v", 4)));
}

TEST(Base64, SkipsThePrefixOfADataUrl) {
  for (auto prefix : {"data:image/png;base64,", "data:;base64,", "data:audio/wav;rate=16000;base64,"}) {
    EXPECT_EQ(base64_decode(std::string(prefix) + "Zm9v"), "foo") << prefix;
  }
  EXPECT_EQ(base64_decode("data:image/png;base64,"), "");
  EXPECT_EQ(base64_decode("data"), std::string("\x75\xab\x5a", 3)) << "four letters that only start like a data URL";
}

TEST(Base64, OneWrongByteAnywhereIsFound) {
  for (int wrong = 0; wrong < 256; ++wrong) {
    bool digit = std::isalnum(wrong) || wrong == '+' || wrong == '/';
    for (std::size_t at : {0, 1, 63, 64, 100, 127, 128, 130}) {
      std::string text(132, 'A');
      text[at] = static_cast<char>(wrong);
      ASSERT_EQ(is_base64(text), digit) << wrong << " at " << at;
    }
  }
}

TEST(Sha256, KnownDigests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_bytes("abc").size(), 32U);
  EXPECT_EQ(sha256_bytes("abc").substr(0, 2), "\xba\x78");
}

TEST(Utf8, Validity) {
  for (std::string_view text : {"", "abc", "\xc3\xa9", "\xf0\x9f\x98\x80"}) EXPECT_TRUE(is_utf8(text));
  for (std::string_view text : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80"})
    EXPECT_FALSE(is_utf8(text));
}

TEST(AppendLarge, IsAnAppend) {
  for (std::size_t length : {0, 1, 1023, 1024, 1025, 2048, 5000}) {
    std::string bytes, to = "before";
    for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 31);
    append_large(to, bytes);
    append_large(to, "after");
    EXPECT_EQ(to, "before" + bytes + "after") << length;
  }
}

TEST(ConstantTime, Equality) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("xbc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abcd"));
}

TEST(Nearest, WhatAPersonMeant) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("vda", "vad"), 2U);
  std::vector<std::string> known{"ocr", "vad", "transcribe", "sentiment"};
  EXPECT_EQ(nearest("transcrib", known), "transcribe");
  EXPECT_EQ(nearest("vat", known), "vad");
  EXPECT_EQ(nearest("sentimant", known), "sentiment");
  EXPECT_EQ(nearest("telephone", known), "");
  EXPECT_EQ(nearest("x", std::vector<std::string>{}), "");
}

}  // namespace
}  // namespace loom
