// Tesseract 5 as an engine that reads pictures: LSTM only, one thread, no noise on stderr.
// Ownership: a lane's readers share one loaded model a language (about 20 MB). Threads: made and used by one lane's thread.
// Errors of opening: configuration (language data missing, with the package to install). Of reading: malformed,
// too_large, overdue, internal.
//   auto reader = open_tesseract({.language = "eng"});   auto read = (*reader)(picture);
#pragma once

#include <string>

#include "base/config.h"
#include "engines/deadline.h"
#include "engines/weights.h"
#include "loom/vision.h"

namespace loom::engines {

struct TesseractOptions {
  std::string language = "eng";
  int page_segmentation = 3;
  int text_height = 30;
  std::string exclude = "|";  // on screens nearly always an I
  std::string name{};
  config::Milliseconds deadline = default_deadline;
};
[[nodiscard]] config::Options<TesseractOptions> tesseract_options();

[[nodiscard]] Result<TextReader> open_tesseract(const TesseractOptions& options,
                                                const SharedWeights& weights = std::make_shared<Weights>());

}  // namespace loom::engines
