// The stage that reads the text of pictures, with whichever engine it is given. The original message stays as it is;
// the text with its words, boxes and confidence is added as the result. Threads: the lane's that owns the reader.
//   auto outcome = read_text({options, reader, system_clock()}, message);
#pragma once

#include "base/clock.h"
#include "base/config.h"
#include "loom/envelope.h"
#include "loom/outcome.h"
#include "loom/vision.h"

namespace loom::stages {

struct OcrOptions {
  std::int64_t max_pixels = 50'000'000;
  double min_confidence = 0;
};
[[nodiscard]] config::Options<OcrOptions> ocr_options();

struct Ocr {
  OcrOptions options;
  TextReader reader;
  Clock clock;
};

/// Emit with {"text","words":[{"text","box":[x,y,width,height],"confidence"}],"confidence","engine","engine_version",
/// "settings","took_ms","width","height"}, with "objects" ([{"label","box"}]) where the engine was asked to find some and
/// "cut_short":true where the model's text ends before it was done; or Retry or Reject by what the picture or the engine said.
[[nodiscard]] Outcome read_text(const Ocr& ocr, const Envelope& message);

}  // namespace loom::stages
