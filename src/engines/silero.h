// Silero VAD v6 on ONNX Runtime: how probable it is that 32 ms of sound are speech, at 16 or at 8 kHz.
// Ownership: a detector shares one loaded model; a stream's memory is its caller's. Threads: any, several at once.
// Errors of opening: configuration (the model file). Of a window: internal (a window of another length, the model).
//   auto detect = open_silero();   SpeechMemory memory;   Result<float> probability = (*detect)(memory, window);
#pragma once

#include "base/config.h"
#include "loom/speech.h"

namespace loom::engines {

struct SileroOptions {};
[[nodiscard]] config::Options<SileroOptions> silero_options();

[[nodiscard]] Result<SpeechDetector> open_silero();

}  // namespace loom::engines
