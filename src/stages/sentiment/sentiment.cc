#include "stages/sentiment/sentiment.h"

#include <algorithm>

#include "loom/json.h"

namespace loom::stages {

config::Options<SentimentOptions> sentiment_options() {
  return config::Options<SentimentOptions>("stages.sentiment")
      .add("text", &SentimentOptions::text, "dotted path of the text in the message")
      .add("max_bytes", &SentimentOptions::max_bytes, "longest text; a longer one is a dead letter", config::at_least(1));
}

Outcome judge(const Judge& judge, const Envelope& message) {
  auto text = message.string_at(judge.options.text);
  if (!text) return outcome_of(std::move(text.error()));
  if (text->size() > static_cast<std::size_t>(judge.options.max_bytes))
    return Reject{Error{ErrorKind::too_large,
                        "the text has " + std::to_string(text->size()) + " bytes, more than " +
                            std::to_string(judge.options.max_bytes),
                        judge.options.text, "send a shorter one or raise the stage's max_bytes", ""}};
  auto started = judge.clock();
  auto sentiment = judge.vader->score(*text);
  const char* label = sentiment.compound >= 0.05 ? "positive" : sentiment.compound <= -0.05 ? "negative" : "neutral";
  return with_result(json::Writer{}
                         .field("compound", sentiment.compound)
                         .field("positive", sentiment.positive)
                         .field("neutral", sentiment.neutral)
                         .field("negative", sentiment.negative)
                         .field("label", label)
                         .field("engine", "vader")
                         .field("engine_version", "3.3.2")
                         .field("took_ms", static_cast<double>(std::max<Micros>(judge.clock() - started, 0)) / 1000)
                         .text());
}

}  // namespace loom::stages
