// Speech to text by a server that speaks OpenAI's /v1/audio/transcriptions, or whisper-server's /inference.
// Ownership: a transcriber owns one connection. Threads: made and used by one lane's thread.
// Errors of opening: configuration. Of hearing: unavailable, timeout, malformed, too_large.
//   auto hears = open_openai_audio({.url = "http://127.0.0.1:8080"});   auto heard = (*hears)(sounds);
#pragma once

#include <string>

#include "base/config.h"
#include "loom/speech.h"

namespace loom::engines {

struct OpenAiAudioOptions {
  std::string url;
  std::string protocol = "openai";
  std::string model = "whisper-1";
  std::string language{};
  std::string api_key_env{};
  std::string ca_file{};
  config::Milliseconds timeout{60000};
  std::string name{};
};
[[nodiscard]] config::Options<OpenAiAudioOptions> openai_audio_options();

[[nodiscard]] Result<Transcriber> open_openai_audio(const OpenAiAudioOptions& options);

}  // namespace loom::engines
