// Whisper in this process (whisper.cpp): offline, word times by alignment of the decoder's attention.
// Ownership: the weights (150 MB) are loaded once and shared, each lane has a state of its own. Each sound is
// heard alone, so that the same sound gives the same words whatever else waits (docs/decisions/0018).
// Threads: a Transcriber belongs to its lane. Errors of opening: configuration (the model file, an unknown language).
// Of hearing: overdue, internal.
//   auto make = whisper_maker({.model = "base"});   auto hear = make();   auto texts = (*hear)(sounds);
#pragma once

#include <string>

#include "base/config.h"
#include "engines/deadline.h"
#include "engines/weights.h"
#include "loom/speech.h"

namespace loom::engines {

struct WhisperOptions {
  std::string model = "base";
  std::string language = "en";
  int threads = 1;
  bool share_windows = false;  // docs/decisions/0018
  config::Milliseconds deadline = default_deadline;
};
[[nodiscard]] config::Options<WhisperOptions> whisper_options();

[[nodiscard]] MakeTranscriber whisper_maker(const WhisperOptions& options,
                                            const SharedWeights& weights = std::make_shared<Weights>());

}  // namespace loom::engines
