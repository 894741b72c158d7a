// Speech to text by Kyutai's moshi-server: over its WebSocket (MessagePack frames of 24 kHz sound), or by its HTTP batch.
// Ownership: a transcriber owns one connection, which it keeps for a little while between calls and makes anew when it
// broke. Threads: made and used by one lane's thread.
// Errors of opening: configuration. Of hearing: unavailable (away, no free channels, cut off, rubbish), timeout,
// malformed, too_large.
//   auto hears = open_kyutai({.url = "http://127.0.0.1:8080"});   auto heard = (*hears)(sounds);
#pragma once

#include <string>

#include "base/config.h"
#include "loom/speech.h"

namespace loom::engines {

struct KyutaiOptions {
  std::string url;
  std::string protocol = "stream";
  std::string api_key_env{};
  std::string ca_file{};
  config::Milliseconds timeout{60000};
  config::Milliseconds keep{10000};
  std::string name{};
};
[[nodiscard]] config::Options<KyutaiOptions> kyutai_options();

[[nodiscard]] Result<Transcriber> open_kyutai(const KyutaiOptions& options);

}  // namespace loom::engines
