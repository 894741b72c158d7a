#include "engines/tesseract_page.h"

#include <gtest/gtest.h>

#include <cmath>

namespace loom::engines {
namespace {

/// Bars as letters: `count` of them, 5 wide, of this height.
OwnPix bars(int count, int height) {
  OwnPix pix(pixCreate(20 + count * 10, height + 200, 1));
  for (int n = 0; n < count; ++n) pixRasterop(pix.get(), 10 + n * 10, 50, 5, height, PIX_SET, nullptr, 0, 0);
  return pix;
}

TEST(LetterHeight, IsTheMedianOfWhatMayBeLetters) {
  struct Case {
    std::string name;
    OwnPix pix;
    int height;
  };
  Case cases[] = {
      {"none", bars(0, 10), 0}, {"one", bars(1, 12), 12}, {"many", bars(40, 9), 9}, {"dust is none", bars(40, 4), 0}};
  for (const auto& one : cases) EXPECT_EQ(letter_height(one.pix.get()), one.height) << one.name;
}

TEST(LetterHeight, IgnoresRulesFramesAndPictures) {
  auto pix = bars(9, 11);
  pixRasterop(pix.get(), 5, 80, 100, 6, PIX_SET, nullptr, 0, 0);   // a rule
  pixRasterop(pix.get(), 5, 100, 60, 90, PIX_SET, nullptr, 0, 0);  // a picture
  EXPECT_EQ(letter_height(pix.get()), 11);
}

TEST(Page, BoxesGoBackThroughScaleAndTurn) {
  struct Case {
    std::string name;
    double scale, radians;
    int page_width, page_height;
    Box on_page, in_picture;
  };
  const double quarter = std::acos(-1.0) / 2;
  const Case cases[] = {
      {"as it is", 1, 0, 100, 60, {10, 20, 30, 8}, {10, 20, 30, 8}},
      {"twice the size", 2, 0, 200, 120, {20, 40, 60, 16}, {10, 20, 30, 8}},
      {"beyond the edge", 1, 0, 100, 60, {90, 50, 30, 30}, {90, 50, 10, 10}},
      // a quarter turn clockwise: the page's right is the picture's top
      {"turned", 1, quarter, 60, 100, {52, 10, 8, 30}, {10, 0, 30, 8}},
  };
  for (const auto& one : cases) {
    Page page{.pixels = OwnPix(pixCreate(one.page_width, one.page_height, 8)),
              .scale = one.scale,
              .radians = one.radians,
              .width = 100,
              .height = 60};
    EXPECT_EQ(page.box_in_picture(one.on_page), one.in_picture) << one.name;
  }
}

}  // namespace
}  // namespace loom::engines
