#include "engines/tesseract.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/bytes.h"
#include "engines/tesseract_page.h"
#include "engines/test_pictures.h"

namespace loom::engines {
namespace {

std::string png_of(Pix* pix) {
  l_uint8* data = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(pixWriteMemPng(&data, &size, pix, 0), 0);
  std::string bytes(reinterpret_cast<char*>(data), size);
  lept_free(data);
  return bytes;
}

OwnPix page_pixels(const std::string& name) {
  auto bytes = test::screen(name);
  return OwnPix(pixReadMem(reinterpret_cast<const l_uint8*>(bytes.data()), bytes.size()));
}

/// White space is one space: where lines break is not the engine's to know.
std::string words_only(const std::string& text) {
  std::string out;
  for (char letter : text) {
    if (letter != '\n' && letter != ' ') {
      out += letter;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

double character_error(const std::string& read, const std::string& truth) {
  return static_cast<double>(edit_distance(words_only(read), words_only(truth))) /
         static_cast<double>(words_only(truth).size());
}

class TesseractEngine : public testing::Test {
 protected:
  static void SetUpTestSuite() { reader_ = *open_tesseract({}); }
  static void TearDownTestSuite() { reader_ = {}; }
  static inline TextReader reader_;
};

TEST_F(TesseractEngine, ReadsTheSamplesWellEnough) {
  struct Case {
    std::string picture, truth;
    double most;
  };
  const Case cases[] = {
      {"article_light.png", "article.txt", 0.02},    {"article_dark.png", "article.txt", 0.02},
      {"article_small.png", "article.txt", 0.02},    {"article_light_q30.jpg", "article.txt", 0.04},
      {"article_dark_q30.jpg", "article.txt", 0.04}, {"article_tilted.png", "article.txt", 0.05},
      {"post_light.png", "post.txt", 0.02},          {"post_dark.png", "post.txt", 0.02},
      {"post_light.jpg", "post.txt", 0.02},          {"post_dark.webp", "post.txt", 0.02},
      {"chat_light.png", "chat.txt", 0.02},          {"chat_dark.png", "chat.txt", 0.02},
      {"settings_light.png", "settings.txt", 0.03},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.picture);
    auto read = reader_(test::picture_of(test::screen(one.picture)));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_LE(character_error(read->text, test::screen(one.truth)), one.most) << read->text;
    EXPECT_GT(read->confidence.value_or(0), 0.85);
  }
}

TEST_F(TesseractEngine, SaysWhatReadIt) {
  auto read = reader_(test::picture_of(test::screen("post_light.png")));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->engine, "tesseract");
  EXPECT_EQ(read->engine_version.substr(0, 2), "5.");
  EXPECT_EQ(read->settings, "eng, page_segmentation 3, text_height 30, without |");
  EXPECT_EQ((*open_tesseract({.name = "mine"}))(test::picture_of(test::screen("post_light.png")))->settings, "mine");
}

TEST_F(TesseractEngine, LinesAreInReadingOrder) {
  auto read = reader_(test::picture_of(test::screen("post_light.png")));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text.substr(0, read->text.find("\nSpent")), "Mara Lindqvist\n@maralindqvist");
  EXPECT_EQ(read->text, text_of(read->words));
}

// Where a word is, in pixels of the picture as it came: enlarged and turned pages lead back to it.
TEST_F(TesseractEngine, BoxesLieWhereTheWordsAre) {
  struct Case {
    std::string picture, word;
    Box about;
  };
  const Case cases[] = {{"post_light.png", "Spent", {22, 82, 50, 19}},
                        {"article_tilted.png", "border", {59, 127, 58, 19}}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.picture);
    auto read = reader_(test::picture_of(test::screen(one.picture)));
    ASSERT_TRUE(read);
    auto found = std::find_if(read->words.begin(), read->words.end(),
                              [&](const ReadWord& word) { return word.text == one.word; });
    ASSERT_NE(found, read->words.end());
    EXPECT_NEAR(found->box.x, one.about.x, 4);
    EXPECT_NEAR(found->box.y, one.about.y, 4);
    EXPECT_NEAR(found->box.width, one.about.width, 6);
    EXPECT_NEAR(found->box.height, one.about.height, 6);
  }
}

TEST_F(TesseractEngine, LevelsTextThatIsTurnedEitherWay) {
  auto straight = page_pixels("article_light.png");
  for (float degrees : {-4.0F, -3.0F, 3.0F, 4.0F}) {
    auto angle = degrees * 3.14159F / 180;
    OwnPix turned(pixRotate(straight.get(), angle, L_ROTATE_AREA_MAP, L_BRING_IN_WHITE, pixGetWidth(straight.get()),
                            pixGetHeight(straight.get())));
    auto read = reader_(test::picture_of(png_of(turned.get())));
    ASSERT_TRUE(read);
    EXPECT_LE(character_error(read->text, test::screen("article.txt")), 0.05) << degrees << ": " << read->text;
  }
}

TEST_F(TesseractEngine, PixelsOfAnyDepthAreRead) {
  auto colour = page_pixels("post_light.png");
  OwnPix grey(pixConvertTo8(colour.get(), 0)), palette(pixConvertTo8(colour.get(), 1)),
      two(pixConvertTo1(grey.get(), 128)), sixteen(pixConvert8To16(grey.get(), 8)),
      transparent(pixAddAlphaToBlend(colour.get(), 1.0F, 0));
  for (auto* pix : {grey.get(), palette.get(), two.get(), sixteen.get(), transparent.get()}) {
    ASSERT_NE(pix, nullptr);
    auto read = reader_(test::picture_of(png_of(pix)));
    ASSERT_TRUE(read);
    EXPECT_LE(character_error(read->text, test::screen("post.txt")), 0.05) << pixGetDepth(pix) << " bits: " << read->text;
  }
}

TEST_F(TesseractEngine, ABlankPictureHasNoText) {
  for (auto [width, height] : {std::pair{1, 1}, {3, 200}, {48, 16}, {300, 200}, {2000, 1}}) {
    for (l_uint32 shade : {0U, 0x80U, 0xffU}) {
      OwnPix pix(pixCreate(width, height, 8));
      pixSetAllArbitrary(pix.get(), shade);
      auto read = reader_(test::picture_of(png_of(pix.get())));
      ASSERT_TRUE(read) << width << "x" << height << ": " << to_string(read.error());
      EXPECT_EQ(read->text, "");
      EXPECT_FALSE(read->confidence);
    }
  }
}

TEST_F(TesseractEngine, BytesThatDoNotDecodeAreMalformed) {
  auto png = test::screen("post_light.png");
  struct Case {
    std::string name;
    Picture picture;
    ErrorKind kind;
  };
  auto zeroed = png;
  std::fill(zeroed.begin() + 60, zeroed.end() - 12, '\0');
  auto claims = png;  // 30000 x 1500, with the data of 600 x 390
  claims.replace(16, 8, std::string("\x00\x00\x75\x30\x00\x00\x05\xdc", 8));
  const Case cases[] = {
      {"nothing", {"", PictureFormat::png, 10, 10}, ErrorKind::malformed},
      {"text", {"not a picture at all", PictureFormat::png, 10, 10}, ErrorKind::malformed},
      {"pixels overwritten", {zeroed, PictureFormat::png, 600, 390}, ErrorKind::malformed},
      {"half of it", {png.substr(0, png.size() / 2), PictureFormat::png, 600, 390}, ErrorKind::malformed},
      {"another size claimed", {claims, PictureFormat::png, 30'000, 1'500}, ErrorKind::malformed},
      {"a side too long", {png, PictureFormat::png, 40'000, 10}, ErrorKind::too_large},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    auto read = reader_(one.picture);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, one.kind);
    EXPECT_EQ(read.error().field, "data.image_data");
    EXPECT_FALSE(read.error().remedy.empty());
  }
  EXPECT_TRUE(reader_(test::picture_of(png))) << "the reader works on after a bad picture";
}

TEST_F(TesseractEngine, AnAnswerDoesNotDependOnWhatWasReadBefore) {
  auto small = test::picture_of(test::screen("article_small.png"));
  auto first = reader_(small);
  ASSERT_TRUE(reader_(test::picture_of(test::screen("chat_dark.png"))));
  auto second = reader_(small);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->text, second->text);
  EXPECT_EQ(first->confidence, second->confidence);
}

TEST_F(TesseractEngine, EachThreadHasItsOwn) {
  auto picture = test::picture_of(test::screen("post_dark.png"));
  auto expected = reader_(picture)->text;
  std::string texts[2];
  std::thread threads[2];
  for (int n : {0, 1})
    threads[n] = std::thread([&picture, &text = texts[n]] {
      auto reader = open_tesseract({});
      auto read = (*reader)(picture);
      text = read ? read->text : to_string(read.error());
    });
  for (auto& thread : threads) thread.join();
  for (const auto& text : texts) EXPECT_EQ(text, expected);
}

TEST_F(TesseractEngine, ReadersOfOneLaneShareTheModelAndKeepTheirSettings) {
  auto picture = test::picture_of(test::screen("post_dark.png"));
  auto whole = reader_(picture)->text;
  auto weights = std::make_shared<Weights>();
  auto pages = open_tesseract({}, weights), lines = open_tesseract({.page_segmentation = 7}, weights);
  ASSERT_TRUE(pages && lines);
  for (int round = 0; round < 2; ++round) {
    EXPECT_NE((*lines)(picture)->text, whole) << "a page is not one line";
    EXPECT_EQ((*pages)(picture)->text, whole);
  }
}

TEST(TesseractDeadline, APageThatTakesLongerIsOverdue) {
  auto reader = open_tesseract({.deadline = std::chrono::milliseconds(1)});
  ASSERT_TRUE(reader);
  for (int i = 0; i < 2; ++i) {
    auto read = (*reader)(test::picture_of(test::screen("post_dark.png")));
    ASSERT_FALSE(read);
    EXPECT_TRUE(is_overdue(read.error())) << to_string(read.error());
  }
}

TEST(TesseractOpening, MissingLanguageDataNamesThePackage) {
  auto reader = open_tesseract({.language = "chi_sim"});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().kind, ErrorKind::configuration);
  EXPECT_NE(reader.error().message.find("'chi_sim'"), std::string::npos);
  EXPECT_NE(reader.error().remedy.find("tesseract-ocr-chi-sim"), std::string::npos);
}

}  // namespace
}  // namespace loom::engines
