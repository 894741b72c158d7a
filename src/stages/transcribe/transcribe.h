// The stage that writes down what was said, with whichever engine it is given. Messages that wait together are handed to
// the engine together. The original message stays; text and words with their times are added.
// Threads: the lane's that owns the transcriber.
//   auto outcomes = transcribe({options, transcriber, system_clock()}, messages);
#pragma once

#include <span>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "loom/envelope.h"
#include "loom/outcome.h"
#include "loom/speech.h"

namespace loom::stages {

struct TranscribeOptions {
  double max_seconds = 600;
  int batch = 8;
};
[[nodiscard]] config::Options<TranscribeOptions> transcribe_options();

struct Transcribe {
  TranscribeOptions options;
  Transcriber transcriber;
  Clock clock;
};

/// Each: Emit with {"text","words":[{"word","start","end","start_s","end_s","confidence"}],"language","confidence",
/// "engine","engine_version","settings","duration_ms","took_ms"} (start and end absolute, start_s and end_s seconds
/// from the sound's start), Drop "nothing_said", or Retry or Reject by what the sound or the engine said.
[[nodiscard]] std::vector<Outcome> transcribe(const Transcribe& stage, std::span<const Envelope> messages);

}  // namespace loom::stages
