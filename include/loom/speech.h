// Sound and what was said in it: what stages that listen and the engines behind them agree on. Sound is mono, 16 kHz,
// -1 to 1; times are seconds from its start. Values; who makes one owns it.
// Errors of engines: malformed, too_large, unavailable and timeout (a server's), configuration, internal.
//   Transcriber hears = [](std::span<const Sound> s) { return std::vector<Result<Transcript>>(s.size(), Transcript{}); };
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loom/error.h"

namespace loom {

inline constexpr int sound_rate = 16000;  // samples a second
using Sound = std::vector<float>;

struct SpokenWord {
  std::string text;
  double start = 0, end = 0;           // seconds from the start of the sound
  std::optional<double> confidence{};  // 0 to 1, absent where the engine does not say
};

struct Transcript {
  std::string text{};                  // "" where nothing was said
  std::vector<SpokenWord> words{};     // in order; empty where the engine knows no times
  std::optional<double> confidence{};  // 0 to 1
  std::string language{};              // "en"; "" where the engine does not say
  std::string engine{}, engine_version{}, settings{};
};

/// One result a sound, in order. Sounds of one call belong to nobody in common: an engine may pack them together.
using Transcriber = std::function<std::vector<Result<Transcript>>(std::span<const Sound>)>;
using MakeTranscriber = std::function<Result<Transcriber>()>;  // once a lane, on its thread

/// One stream's memory between windows; empty at the start of a stream.
struct SpeechMemory {
  std::vector<float> state, context;
};
inline constexpr int speech_window = 512;  // samples, 32 ms
inline constexpr int telephone_rate = 8000, telephone_window = 256;  // the same 32 ms of a stream recorded at 8 kHz

/// How probable it is that this window is speech, 0 to 1: of speech_window samples, or of telephone_window at 8 kHz; all
/// windows of one memory are of one kind. Any thread; one memory, one caller.
using SpeechDetector = std::function<Result<float>(SpeechMemory&, std::span<const float>)>;
using MakeSpeechDetector = std::function<Result<SpeechDetector>()>;  // once a process

}  // namespace loom
