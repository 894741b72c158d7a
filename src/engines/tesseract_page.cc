#include "engines/tesseract_page.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace loom::engines {
namespace {

constexpr int longest_side = 32'767;   // Tesseract's own limit
constexpr double most_pixels = 100e6;  // of a page: what scaling may make of a picture

}  // namespace

/// What the header claims is looked at before anything is decoded.
Result<OwnPix> decoded(const Picture& picture) {
  if (picture.width > longest_side || picture.height > longest_side)
    return fail(ErrorKind::too_large, "the picture has a side over " + std::to_string(longest_side) + " pixels",
                {.field = "data.image_data", .remedy = "send it in parts or smaller"});
  OwnPix pix(pixReadMem(reinterpret_cast<const l_uint8*>(picture.bytes.data()), picture.bytes.size()));
  if (!pix)
    return fail(ErrorKind::malformed, "the " + std::string(name_of(picture.format)) + " picture does not decode",
                {.field = "data.image_data", .remedy = "send a picture that a viewer can open"});
  return pix;
}

namespace {

/// Transparent parts are laid over white.
OwnPix grey_of(OwnPix pix) {
  if (pixGetSpp(pix.get()) == 4) pix.reset(pixAlphaBlendUniform(pix.get(), 0xffffff00));
  return OwnPix(pix ? pixConvertTo8(pix.get(), 0) : nullptr);
}

}  // namespace

/// The ground is what most of the picture is: a dark one means light text.
bool is_dark(Pix* grey) {
  l_float32 median = 0;
  int step = 1 + std::max(pixGetWidth(grey), pixGetHeight(grey)) / 1000;
  return pixGetRankValueMasked(grey, nullptr, 0, 0, step, 0.5F, &median, nullptr) == 0 && median < 128;
}

OwnPix black_and_white(Pix* grey) {
  Pix* result = nullptr;
  pixOtsuAdaptiveThreshold(grey, pixGetWidth(grey), pixGetHeight(grey), 0, 0, 0.1F, nullptr, &result);
  return OwnPix(result);
}

namespace {

/// From the letters' height (between an x's and a capital's) to the height of the type.
constexpr double type_per_letter = 1.65;

double scale_for(Pix* grey, int letters, int text_height) {
  if (letters == 0) return 1;
  auto scale = std::clamp(text_height / (letters * type_per_letter), 1.0, 4.0);
  if (scale < 1.15) return 1;
  double pixels = static_cast<double>(pixGetWidth(grey)) * pixGetHeight(grey);
  double side = std::max(pixGetWidth(grey), pixGetHeight(grey));
  return std::max(1.0, std::min({scale, std::sqrt(most_pixels / pixels), longest_side / side}));
}

}  // namespace

double skew_of(Pix* black_on_white) {
  l_float32 degrees = 0, sure = 0;
  if (pixFindSkew(black_on_white, &degrees, &sure) != 0) return 0;
  constexpr float sure_enough = 3, worth_turning = 0.3F;
  if (sure < sure_enough || std::abs(degrees) < worth_turning) return 0;
  return degrees * std::acos(-1.0) / 180;
}

/// On a larger sheet, so that no corner is cut off.
OwnPix turned_by(Pix* pix, double radians) {
  auto angle = static_cast<float>(radians);
  return OwnPix(pixRotate(pix, angle, L_ROTATE_AREA_MAP, L_BRING_IN_WHITE, pixGetWidth(pix), pixGetHeight(pix)));
}

int letter_height(Pix* black_on_white) {
  Boxa* boxes = pixConnCompBB(black_on_white, 8);
  if (!boxes) return 0;
  std::vector<int> heights;
  auto tallest = std::max(24, pixGetHeight(black_on_white) / 5);
  for (int i = 0; i < boxaGetCount(boxes); ++i) {
    l_int32 width = 0, height = 0;
    boxaGetBoxGeometry(boxes, i, nullptr, nullptr, &width, &height);
    if (height >= 5 && height <= tallest && width >= 2 && width <= 8 * height) heights.push_back(height);
  }
  boxaDestroy(&boxes);
  if (heights.empty()) return 0;
  auto middle = heights.begin() + static_cast<std::ptrdiff_t>(heights.size() / 2);
  std::nth_element(heights.begin(), middle, heights.end());
  return *middle;
}

Result<Page> page_of(const Picture& picture, int text_height) {
  auto pix = decoded(picture);
  if (!pix) return tl::unexpected(pix.error());
  Page page{.pixels = grey_of(std::move(*pix))};
  if (!page.pixels)
    return fail(ErrorKind::internal, "the picture could not be made grey", {.field = "data.image_data"});
  page.width = pixGetWidth(page.pixels.get()), page.height = pixGetHeight(page.pixels.get());
  if (is_dark(page.pixels.get())) pixInvert(page.pixels.get(), page.pixels.get());
  auto shapes = black_and_white(page.pixels.get());
  if (!shapes) return page;
  page.scale = scale_for(page.pixels.get(), letter_height(shapes.get()), text_height);
  page.radians = skew_of(shapes.get());
  if (auto scale = static_cast<float>(page.scale); scale > 1)
    if (OwnPix scaled(pixScale(page.pixels.get(), scale, scale)); scaled) page.pixels = std::move(scaled);
  if (page.radians != 0)
    if (auto turned = turned_by(page.pixels.get(), page.radians); turned) page.pixels = std::move(turned);
  return page;
}

Box Page::box_in_picture(const Box& on_page) const {
  double page_x = pixGetWidth(pixels.get()) / 2.0, page_y = pixGetHeight(pixels.get()) / 2.0;
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
  for (auto [x, y] : {std::pair{0, 0}, {on_page.width, 0}, {0, on_page.height}, {on_page.width, on_page.height}}) {
    double dx = on_page.x + x - page_x, dy = on_page.y + y - page_y;
    double from_x = (dx * std::cos(radians) + dy * std::sin(radians)) / scale + width / 2.0;
    double from_y = (dy * std::cos(radians) - dx * std::sin(radians)) / scale + height / 2.0;
    left = std::min(left, from_x), right = std::max(right, from_x);
    top = std::min(top, from_y), bottom = std::max(bottom, from_y);
  }
  auto whole = [](double value, int most) { return static_cast<int>(std::clamp(std::lround(value), 0L, long{most})); };
  int x = whole(left, width), y = whole(top, height);
  return {x, y, whole(right, width) - x, whole(bottom, height) - y};
}

}  // namespace loom::engines
