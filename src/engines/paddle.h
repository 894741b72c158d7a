// PP-OCRv4 on ONNX Runtime: finds lines of text in a picture, then reads each. Offline; other letters than Tesseract's
// model, so that two groups on one topic see a picture with different eyes.
// Ownership: the models (15 MB) are loaded once and shared. Threads: a reader belongs to its lane.
// Errors of opening: configuration (model files). Of reading: malformed, too_large, overdue, internal.
//   auto make = paddle_maker({});   auto reader = make();   auto read = (*reader)(picture);
#pragma once

#include "base/config.h"
#include "engines/deadline.h"
#include "engines/weights.h"
#include "loom/vision.h"

namespace loom::engines {

struct PaddleOptions {
  int threads = 1;
  int longest_side = 1600;
  double min_box_score = 0.55;
  config::Milliseconds deadline = default_deadline;
};
[[nodiscard]] config::Options<PaddleOptions> paddle_options();

[[nodiscard]] MakeTextReader paddle_maker(const PaddleOptions& options,
                                          const SharedWeights& weights = std::make_shared<Weights>());

}  // namespace loom::engines
