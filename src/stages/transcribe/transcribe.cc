#include "stages/transcribe/transcribe.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "loom/json.h"
#include "stages/audio/audio.h"

namespace loom::stages {
namespace {

double thousandths(double value) { return std::round(value * 1000) / 1000; }

/// When the sound began: what an earlier stage found (a result with a `start`), else when it was recorded.
Micros start_of(const Envelope& message) {
  Micros start = message.recorded_at;
  if (auto results = message.value.at_path("results"))
    results->each_member([&](std::string_view, json::Value result) {
      auto text = result.get("start");
      auto time = text && text->string() ? parse_time(*text->string()) : std::nullopt;
      if (time) start = *time;
    });
  return start;
}

std::string to_json(const SpokenWord& word, Micros began) {
  auto time = [began](double seconds) { return to_rfc3339(began + static_cast<Micros>(std::llround(seconds * 1e6))); };
  json::Writer writer;
  writer.field("word", word.text)
      .field("start", time(word.start))
      .field("end", time(word.end))
      .field("start_s", thousandths(word.start))
      .field("end_s", thousandths(word.end));
  if (word.confidence) writer.field("confidence", thousandths(*word.confidence));
  return writer.text();
}

std::string result_of(const Transcript& heard, const Envelope& message, double seconds, Micros took) {
  auto began = start_of(message);
  std::vector<std::string> words;
  for (const auto& word : heard.words) words.push_back(to_json(word, began));
  json::Writer result;
  result.field("text", heard.text).raw("words", json::array_of(words));
  if (!heard.language.empty()) result.field("language", heard.language);
  if (heard.confidence) result.field("confidence", thousandths(*heard.confidence));
  return result.field("engine", heard.engine)
      .field("engine_version", heard.engine_version)
      .field("settings", heard.settings)
      .field("duration_ms", thousandths(seconds * 1000))
      .field("took_ms", static_cast<double>(std::max<Micros>(took, 0)) / 1000)
      .text();
}

Outcome outcome_of_heard(Result<Transcript>&& heard, const Envelope& message, double seconds, Micros took) {
  if (!heard) return outcome_of(std::move(heard.error()));
  if (heard->text.empty()) return Drop{"nothing_said"};
  return with_result(result_of(*heard, message, seconds, took));
}

}  // namespace

config::Options<TranscribeOptions> transcribe_options() {
  auto positive = [](double value) -> std::optional<std::string> {
    return value > 0 ? std::nullopt : std::optional<std::string>("must be more than 0");
  };
  return config::Options<TranscribeOptions>("stages.transcribe")
      .add("max_seconds", &TranscribeOptions::max_seconds, "longest sound; a longer one is a dead letter", positive)
      .add("batch", &TranscribeOptions::batch, "messages of any devices that are handed to the engine together",
           config::at_least(1));
}

std::vector<Outcome> transcribe(const Transcribe& stage, std::span<const Envelope> messages) {
  std::vector<Outcome> outcomes(messages.size(), Drop{"nothing_said"});
  std::vector<Sound> sounds;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto sound = sound_of(messages[i], {stage.options.max_seconds});
    if (!sound) {
      outcomes[i] = outcome_of(std::move(sound.error()));
      continue;
    }
    sounds.push_back(at_16_khz(*sound));
    places.push_back(i);
  }
  if (sounds.empty()) return outcomes;
  auto started = stage.clock();
  auto heard = stage.transcriber(sounds);
  auto took = stage.clock() - started;
  heard.resize(sounds.size(), fail(ErrorKind::internal, "the engine answered fewer sounds than it was given"));
  for (std::size_t k = 0; k < places.size(); ++k) {
    auto seconds = static_cast<double>(sounds[k].size()) / sound_rate;
    outcomes[places[k]] = outcome_of_heard(std::move(heard[k]), messages[places[k]], seconds, took);
  }
  return outcomes;
}

}  // namespace loom::stages
