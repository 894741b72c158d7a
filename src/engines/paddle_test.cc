#include "engines/paddle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "engines/paddle_lines.h"
#include "engines/test_errors.h"
#include "engines/test_pictures.h"

namespace loom::engines {
namespace {

template <class Sequence>
double errors(const Sequence& a, const Sequence& b) {
  return static_cast<double>(test::errors_between(a, b)) / static_cast<double>(b.size());
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string without_spaces(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

TextReader reader() { return *paddle_maker({})(); }

TEST(Paddle, ReadsTheSamplesWellEnough) {
  auto read = reader();
  struct Case {
    std::string picture, truth;
    double letters, words;
  };
  const Case cases[] = {
      {"article_light.png", "article.txt", 0.02, 0.06},     {"article_dark.png", "article.txt", 0.02, 0.06},
      {"article_light_q30.jpg", "article.txt", 0.02, 0.06}, {"article_tilted.png", "article.txt", 0.05, 0.1},
      {"post_light.png", "post.txt", 0.02, 0.06},           {"post_dark.png", "post.txt", 0.02, 0.06},
      {"chat_light.png", "chat.txt", 0.02, 0.06},           {"settings_light.png", "settings.txt", 0.02, 0.06},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.picture);
    auto text = read(test::picture_of(test::screen(one.picture)));
    ASSERT_TRUE(text) << to_string(text.error());
    auto truth = test::screen(one.truth);
    auto letters = errors(without_spaces(text->text), without_spaces(truth)), words = errors(words_of(text->text), words_of(truth));
    RecordProperty(one.picture, std::to_string(letters) + " " + std::to_string(words));
    EXPECT_LE(letters, one.letters) << text->text;
    EXPECT_LE(words, one.words) << text->text;
  }
}

TEST(Paddle, SaysWhatReadItAndWhereTheWordsAre) {
  auto text = reader()(test::picture_of(test::screen("post_light.png")));
  ASSERT_TRUE(text);
  EXPECT_EQ(text->engine, "paddle");
  EXPECT_GT(text->confidence.value_or(0), 0.8);
  EXPECT_EQ(text->text, text_of(text->words));
  auto found = std::find_if(text->words.begin(), text->words.end(), [](const ReadWord& word) { return word.text == "Spent"; });
  ASSERT_NE(found, text->words.end()) << text->text;
  EXPECT_NEAR(found->box.x, 22, 8);
  EXPECT_NEAR(found->box.y, 82, 8);
}

TEST(Paddle, BadPicturesAreErrors) {
  auto whole = test::screen("post_light.png");
  for (const auto& bytes : {whole.substr(0, whole.size() / 2), std::string("no picture"), std::string()}) {
    auto text = reader()(Picture{bytes, PictureFormat::png, 600, 390});
    EXPECT_TRUE(text || text.error().kind == ErrorKind::malformed);
  }
  auto blank = OwnPix(pixCreate(300, 200, 32));
  pixSetAll(blank.get());
  l_uint8* data = nullptr;
  std::size_t size = 0;
  pixWriteMemPng(&data, &size, blank.get(), 0);
  auto text = reader()(Picture{{reinterpret_cast<char*>(data), size}, PictureFormat::png, 300, 200});
  lept_free(data);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->text, "");
}

TEST(Paddle, APageThatTakesLongerThanItsDeadlineIsOverdue) {
  auto read = (*paddle_maker({.deadline = std::chrono::milliseconds(1)})())(test::picture_of(test::screen("post_dark.png")));
  ASSERT_FALSE(read);
  EXPECT_TRUE(is_overdue(read.error())) << to_string(read.error());
}

TEST(Paddle, LinesAreReadFromTheTopAndFromTheLeft) {
  auto ordered = in_reading_order({{100, 12, 50, 20}, {0, 50, 40, 20}, {0, 10, 50, 20}});
  ASSERT_EQ(ordered.size(), 3U);
  EXPECT_EQ(ordered[0].first, (Box{0, 10, 50, 20}));
  EXPECT_EQ(ordered[1].first, (Box{100, 12, 50, 20}));
  EXPECT_EQ(ordered[1].second, 0);
  EXPECT_EQ(ordered[2].second, 1);
}

}  // namespace
}  // namespace loom::engines
