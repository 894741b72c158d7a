// The stage that finds utterances: a device's chunks are one stream, speech is cut where the speaker pauses, across the
// chunks' borders. One message goes on for each utterance, with the identity of the chunk in which it ends; its sound
// (16 kHz WAV) replaces data.chunk_data.
// What comes out follows from the messages alone: see docs/decisions/0010.
// Ownership: an Utterances is one device's memory, at most some 30 s of 16 bit sound. Threads: one call at a time.
//   auto joiner = make_utterances(options, detect, clock)();   Taken taken = joiner->take(message, kept);
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/config.h"
#include "loom/joiner.h"
#include "loom/speech.h"

namespace loom::stages {

struct VadOptions {
  double threshold = 0.5, negative_threshold = 0.35;
  int min_speech_ms = 250, min_silence_ms = 100, pad_ms = 30;
  double max_utterance_s = 30, gap_s = 8, max_seconds = 600;
};
[[nodiscard]] config::Options<VadOptions> vad_options();

inline constexpr std::chrono::seconds vad_lookback{60};

/// Bytes of the message with the longest utterance: its sound, 16 kHz WAV as base64, and 64 KiB for what goes on with it.
[[nodiscard]] std::size_t largest_utterance(const VadOptions& options);

struct Vad {
  VadOptions options;
  SpeechDetector detect;
  Clock clock;  // for took_ms
};
[[nodiscard]] std::unique_ptr<Joiner> make_utterances(const Vad& vad);

}  // namespace loom::stages
