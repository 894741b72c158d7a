// The second half of PP-OCR: what stands in one line. The model knows few spaces, so words are told apart by the empty
// columns between the letters. Threads: any. Errors: internal (the model).
//   auto words = read_line(model, letters, page, box);   // boxes in the page's pixels; `line` is left 0
#pragma once

#include <string>
#include <vector>

#include "engines/onnx.h"
#include "engines/tesseract_page.h"

namespace loom::engines {

/// The model's letters by their class: [0] is none, the last is a space.
using Letters = std::vector<std::string>;
[[nodiscard]] Result<Letters> read_letters(const std::string& file);

[[nodiscard]] Result<std::vector<ReadWord>> read_line(const OnnxModel& model, const Letters& letters, Pix* page, const Box& box);

}  // namespace loom::engines
