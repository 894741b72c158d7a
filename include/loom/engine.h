// A model that a stage may be given, by what it can do. Made by src/engines, asked for by a stage kind (`engine:`).
//   if (auto* make = std::get_if<MakeTextReader>(&engine)) auto reader = (*make)();
#pragma once

#include <variant>

#include "loom/speech.h"
#include "loom/vision.h"

namespace loom {

using Engine = std::variant<std::monostate, MakeTextReader, MakeTranscriber, MakeSpeechDetector>;

/// In the order of Engine's alternatives.
enum class EngineWork { none, reads_pictures, hears_words, detects_speech };
[[nodiscard]] inline EngineWork work_of(const Engine& engine) { return static_cast<EngineWork>(engine.index()); }

}  // namespace loom
