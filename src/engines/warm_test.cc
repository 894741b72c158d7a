#include "engines/warm.h"

#include <gtest/gtest.h>

#include "engines/tesseract.h"

namespace loom::engines {
namespace {

TEST(Warm, AnEngineHasWorkedOnceBeforeItIsGiven) {
  int calls = 0;
  auto ready = warmed(MakeTextReader([&] {
    return TextReader([&](const Picture& picture) -> Result<ReadText> {
      EXPECT_GT(picture.width, 0);
      ++calls;
      return ReadText{};
    });
  }));
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(std::get<MakeTextReader>(ready)());
  EXPECT_EQ(calls, 1);
}

TEST(Warm, OneThatCannotWorkIsNotGiven) {
  auto broken = warmed(MakeTranscriber([] {
    return Transcriber([](std::span<const Sound> sounds) {
      return std::vector<Result<Transcript>>(sounds.size(), fail(ErrorKind::internal, "no weights"));
    });
  }));
  auto made = std::get<MakeTranscriber>(broken)();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "no weights");
}

TEST(Warm, TheSampleCanBeRead) {
  auto reader = open_tesseract({});
  ASSERT_TRUE(reader);
  std::string text;
  auto engine = warmed(MakeTextReader([&] {
    return TextReader([&](const Picture& picture) {
      auto read = (*reader)(picture);
      if (read) text = read->text;
      return read;
    });
  }));
  ASSERT_TRUE(std::get<MakeTextReader>(engine)());
  EXPECT_NE(text, "") << "the models that read letters have had none to read";
}

TEST(Warm, WhatIsCalledSaysWhichItIs) {
  auto called = called_once(MakeTextReader([] { return open_tesseract({}); }));
  ASSERT_TRUE(called) << to_string(called.error());
  EXPECT_TRUE(called->version.starts_with("5."));
}

}  // namespace
}  // namespace loom::engines
