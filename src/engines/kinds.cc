#include "engines/kinds.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "engines/kyutai.h"
#include "engines/moondream.h"
#include "engines/ollama.h"
#include "engines/openai_audio.h"
#include "engines/openai_chat.h"
#include "engines/paddle.h"
#include "engines/silero.h"
#include "engines/tesseract.h"
#include "engines/warm.h"
#include "engines/whisper.h"

namespace loom::engines {
namespace {

template <class S>
Result<S> read_engine(config::Options<S> options, const config::Node& engine, config::Faults& faults) {
  options.also("use");
  config::Faults own;
  auto read = options.read(engine, own);
  for (const auto& fault : own.all()) faults.fault(fault.place, fault.message, fault.remedy);
  if (own.any_fault()) return fail(ErrorKind::configuration, engine.path() + " has faults");
  return read;
}

Result<Engine> make_tesseract(const config::Node& engine, config::Faults& faults, const SharedWeights& weights) {
  return read_engine(tesseract_options(), engine, faults).map([&weights](const TesseractOptions& options) {
    return Engine(MakeTextReader([options, weights] { return open_tesseract(options, weights); }));
  });
}

Result<Engine> make_silero(const config::Node& engine, config::Faults& faults, const SharedWeights&) {
  return read_engine(silero_options(), engine, faults).map([](const SileroOptions&) {
    return Engine(MakeSpeechDetector(open_silero));
  });
}

Result<Engine> make_whisper(const config::Node& engine, config::Faults& faults, const SharedWeights& weights) {
  return read_engine(whisper_options(), engine, faults).map([&weights](const WhisperOptions& options) {
    return Engine(whisper_maker(options, weights));
  });
}

/// Engines that are reached by an address.
template <class S>
Result<S> read_remote(config::Options<S> options, const config::Node& engine, config::Faults& faults) {
  auto read = read_engine(std::move(options), engine, faults);
  if (!read || !read->url.empty()) return read;
  faults.fault(engine.place(), engine.path() + ": has no url", "write url: http://host:port of the server");
  return fail(ErrorKind::configuration, engine.path() + " has no url");
}

Result<Engine> make_openai_audio(const config::Node& engine, config::Faults& faults, const SharedWeights&) {
  return read_remote(openai_audio_options(), engine, faults).map([](const OpenAiAudioOptions& options) {
    return Engine(MakeTranscriber([options] { return open_openai_audio(options); }));
  });
}

Result<Engine> make_kyutai(const config::Node& engine, config::Faults& faults, const SharedWeights&) {
  return read_remote(kyutai_options(), engine, faults).map([](const KyutaiOptions& options) {
    return Engine(MakeTranscriber([options] { return open_kyutai(options); }));
  });
}

Result<Engine> make_moondream(const config::Node& engine, config::Faults& faults, const SharedWeights&) {
  return read_remote(moondream_options(), engine, faults).map([](const MoondreamOptions& options) {
    return Engine(MakeTextReader([options] { return open_moondream(options); }));
  });
}

Result<Engine> make_openai_chat(const config::Node& engine, config::Faults& faults, const SharedWeights&) {
  return read_remote(openai_chat_options(), engine, faults).map([](const OpenAiChatOptions& options) {
    return Engine(MakeTextReader([options] { return open_openai_chat(options); }));
  });
}

Result<Engine> make_ollama(const config::Node& engine, config::Faults& faults, const SharedWeights&) {
  return read_remote(ollama_options(), engine, faults).map([](const OllamaOptions& options) {
    return Engine(MakeTextReader([options] { return open_ollama(options); }));
  });
}

Result<Engine> make_paddle(const config::Node& engine, config::Faults& faults, const SharedWeights& weights) {
  return read_engine(paddle_options(), engine, faults).map([&weights](const PaddleOptions& options) {
    return Engine(paddle_maker(options, weights));
  });
}

constexpr std::array<EngineKind, 9> all{{
    {"paddle", "PP-OCRv4 in this process (ONNX Runtime): finds and reads lines of text, offline.",
     EngineWork::reads_pictures, [] { return paddle_options().docs(); }, make_paddle, true},
    {"silero", "Silero VAD v6 in this process: tells speech from silence and noise, offline.",
     EngineWork::detects_speech, [] { return silero_options().docs(); }, make_silero, true},
    {"whisper", "Whisper in this process (whisper.cpp): speech to text with word times, offline.",
     EngineWork::hears_words, [] { return whisper_options().docs(); }, make_whisper, true},
    {"kyutai", "Kyutai's moshi-server: words with times, over its WebSocket or by HTTP.", EngineWork::hears_words,
     [] { return kyutai_options().docs(); }, make_kyutai, false, {"/api/build_info", "kyutai-api-key", ""}},
    {"openai_audio", "A server that speaks OpenAI's /v1/audio/transcriptions, or whisper-server's /inference.",
     EngineWork::hears_words, [] { return openai_audio_options().docs(); }, make_openai_audio, false, {"/v1/models"}},
    {"moondream", "Moondream, in Moondream Station or its cloud: answers a question about a picture, describes it, finds things.",
     EngineWork::reads_pictures, [] { return moondream_options().docs(); }, make_moondream, false,
     {"/v1/health", "X-Moondream-Auth", ""}},
    {"openai_chat", "A model that sees, behind OpenAI's /v1/chat/completions: vLLM, llama-server (MiniCPM-V), clouds.",
     EngineWork::reads_pictures, [] { return openai_chat_options().docs(); }, make_openai_chat, false,
     {"/v1/models"}},
    {"ollama", "A model that sees, in Ollama (`minicpm-v`).", EngineWork::reads_pictures,
     [] { return ollama_options().docs(); }, make_ollama, false, {"/api/version"}},
    {"tesseract",
     "Tesseract 5 in this process: fast, offline, needs language data (`apt-get install tesseract-ocr-eng`).",
     EngineWork::reads_pictures, [] { return tesseract_options().docs(); }, make_tesseract, true},
}};

tl::unexpected<Error> unknown(const config::Node& engine, const std::string& use, EngineWork work,
                              config::Faults& faults) {
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& kind : all) {
    if (kind.work != work) continue;
    names.push_back(kind.name);
    list += (list.empty() ? "" : ", ") + std::string(kind.name);
  }
  auto near = nearest(use, names);
  auto is_other = std::any_of(all.begin(), all.end(), [&](const EngineKind& kind) { return kind.name == use; });
  auto what = use.empty()  ? engine.path() + ": names no engine"
              : is_other   ? engine.path() + ".use: engine '" + use + "' does other work than this stage needs"
                           : engine.path() + ".use: unknown engine '" + use + "'";
  faults.fault(engine["use"].present() ? engine["use"].place() : engine.place(), what,
               near.empty() || use.empty() ? "say 'use:' with one of: " + list : "did you mean '" + near + "'?");
  return fail(ErrorKind::configuration, what);
}

}  // namespace

std::span<const EngineKind> kinds() { return all; }

const EngineKind* find_kind(std::string_view name) {
  const auto* found = std::find_if(all.begin(), all.end(), [name](const EngineKind& kind) { return kind.name == name; });
  return found == all.end() ? nullptr : found;
}

Result<Engine> make_engine(const config::Node& engine, EngineWork work, config::Faults& faults,
                           const SharedWeights& weights) {
  auto use = engine["use"].scalar();
  const auto* kind = find_kind(use);
  if (!kind || kind->work != work) return unknown(engine, use, work, faults);
  auto made = kind->make(engine, faults, weights);
  return made && kind->is_here ? warmed(std::move(*made)) : made;
}

}  // namespace loom::engines
