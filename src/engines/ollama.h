// Pictures read by a model in Ollama, over its own /api/chat.
// Ownership: a reader owns one connection. Threads: made and used by one lane's thread.
// Errors of opening: configuration. Of reading: unavailable (away, busy, no such model, rubbish), timeout, malformed,
// too_large.
//   auto reader = open_ollama({.url = "http://127.0.0.1:11434", .model = "minicpm-v"});   auto read = (*reader)(picture);
#pragma once

#include <string>

#include "base/config.h"
#include "engines/picture_talk.h"
#include "loom/vision.h"

namespace loom::engines {

struct OllamaOptions {
  std::string url = "http://127.0.0.1:11434";
  std::string model = "minicpm-v";
  std::string prompt{reading_prompt};
  int max_tokens = 2048;  // Ollama has no limit of its own that comes before a model that repeats itself is timed out
  int num_ctx = 8192;  // Ollama's own default cuts a picture's tokens off without a word
  std::string api_key_env{};
  std::string ca_file{};
  config::Milliseconds timeout{120000};
  std::string name{};
};
[[nodiscard]] config::Options<OllamaOptions> ollama_options();

[[nodiscard]] Result<TextReader> open_ollama(const OllamaOptions& options);

}  // namespace loom::engines
