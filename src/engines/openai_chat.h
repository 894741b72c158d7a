// Pictures read by a model behind OpenAI's /v1/chat/completions: vLLM, llama-server, clouds.
// Ownership: a reader owns one connection. Threads: made and used by one lane's thread.
// Errors of opening: configuration. Of reading: unavailable (away, busy, rubbish), timeout, malformed (no picture that
// the model takes, or it will not answer), too_large.
//   auto reader = open_openai_chat({.url = "http://127.0.0.1:8080"});   auto read = (*reader)(picture);
#pragma once

#include <string>

#include "base/config.h"
#include "engines/picture_talk.h"
#include "loom/vision.h"

namespace loom::engines {

struct OpenAiChatOptions {
  std::string url{};
  std::string model{};
  std::string prompt{reading_prompt};
  int max_tokens = 2048;
  std::string api_key_env{};
  std::string ca_file{};
  config::Milliseconds timeout{120000};
  std::string name{};
};
[[nodiscard]] config::Options<OpenAiChatOptions> openai_chat_options();

[[nodiscard]] Result<TextReader> open_openai_chat(const OpenAiChatOptions& options);

}  // namespace loom::engines
