// The first half of PP-OCR: where in a picture lines of text are. Boxes are upright: the page is made level before.
// Threads: any. Errors: internal (the model).
//   auto boxes = find_lines(model, page, options);   // in the page's pixels, in reading order
#pragma once

#include <vector>

#include "engines/onnx.h"
#include "engines/paddle.h"
#include "engines/tesseract_page.h"

namespace loom::engines {

[[nodiscard]] Result<std::vector<Box>> find_lines(const OnnxModel& model, Pix* page, const PaddleOptions& options);

/// Boxes side by side are one line: from the top down, and from left to right in a line. One number a line.
[[nodiscard]] std::vector<std::pair<Box, int>> in_reading_order(std::vector<Box> boxes);

}  // namespace loom::engines
