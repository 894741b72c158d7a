// Pictures read by Moondream, from Moondream Station or its cloud: questions, captions, and where things are.
// Ownership: a reader owns one connection. Threads: made and used by one lane's thread.
// Errors of opening: configuration. Of reading: unavailable (away, its queue is full, rubbish), timeout, malformed,
// too_large.
//   auto reader = open_moondream({.url = "http://127.0.0.1:2020"});   auto read = (*reader)(picture);
#pragma once

#include <string>

#include "base/config.h"
#include "engines/picture_talk.h"
#include "loom/vision.h"

namespace loom::engines {

struct MoondreamOptions {
  std::string url{};
  std::string skill = "query";
  std::string prompt{reading_prompt};
  std::string object = "text";
  std::string length = "normal";
  std::string api_key_env{};
  std::string ca_file{};
  config::Milliseconds timeout{120000};
  std::string name{};
};
[[nodiscard]] config::Options<MoondreamOptions> moondream_options();

[[nodiscard]] Result<TextReader> open_moondream(const MoondreamOptions& options);

}  // namespace loom::engines
