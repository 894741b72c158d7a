// The stage that says how positive a text is. The original message stays; the scores are added.
// Threads: any; the lexicon is shared.
//   auto outcome = judge({options, vader, clock}, message);
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/config.h"
#include "loom/envelope.h"
#include "loom/outcome.h"
#include "stages/sentiment/vader.h"

namespace loom::stages {

struct SentimentOptions {
  std::string text = "data.text";
  int max_bytes = 100'000;
};
[[nodiscard]] config::Options<SentimentOptions> sentiment_options();

struct Judge {
  SentimentOptions options;
  std::shared_ptr<const Vader> vader;
  Clock clock;
};

/// Emit with {"compound","positive","neutral","negative","label","engine","engine_version","took_ms"} (label: positive
/// from compound 0.05 on, negative from -0.05, else neutral), or Reject: no text there, too long.
[[nodiscard]] Outcome judge(const Judge& judge, const Envelope& message);

}  // namespace loom::stages
