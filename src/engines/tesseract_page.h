// A picture made ready for Tesseract: decoded, grey, dark text on light ground, level, its text of the height that the
// model reads best; and the way back from its coordinates to the picture's. Leptonica's types stay in this room.
// Ownership: a Page owns its pixels. Threads: any, a Page belongs to one.
// Errors: malformed (the bytes do not decode), too_large (a side over 32,767).
//   auto page = page_of(picture, 30);   page->pixels.get();   page->box_in_picture({10, 20, 30, 12});
#pragma once

#include <leptonica/allheaders.h>

#include <memory>

#include "loom/vision.h"

namespace loom::engines {

struct DestroyPix {
  void operator()(Pix* pix) const { pixDestroy(&pix); }
};
using OwnPix = std::unique_ptr<Pix, DestroyPix>;

struct Page {
  OwnPix pixels;              // 8 bits a pixel, grey
  double scale = 1;           // page pixels per picture pixel
  double radians = 0;         // turned clockwise by this
  int width = 0, height = 0;  // of the picture
  [[nodiscard]] Box box_in_picture(const Box& on_page) const;
};

[[nodiscard]] Result<Page> page_of(const Picture& picture, int text_height);

// Its steps, for engines that want the picture otherwise (any thread; nullptr: no memory):
[[nodiscard]] Result<OwnPix> decoded(const Picture& picture);
[[nodiscard]] bool is_dark(Pix* grey);            // light letters on dark ground
[[nodiscard]] OwnPix black_and_white(Pix* grey);  // 1 bit a pixel
/// Clockwise turn in radians that makes the lines level; 0 where they are, or where it is not sure.
[[nodiscard]] double skew_of(Pix* black_on_white);
[[nodiscard]] OwnPix turned_by(Pix* pix, double radians);

/// The height of the text's letters in pixels, the median over the connected shapes that may be letters; 0: none.
[[nodiscard]] int letter_height(Pix* black_on_white);

}  // namespace loom::engines
