#include "stages/ocr/ocr.h"

#include <algorithm>
#include <cmath>

#include "loom/json.h"
#include "stages/ocr/picture.h"

namespace loom::stages {
namespace {

double thousandths(double value) { return std::round(value * 1000) / 1000; }

std::string to_json(const Box& box) {
  return json::array_of(
      {std::to_string(box.x), std::to_string(box.y), std::to_string(box.width), std::to_string(box.height)});
}

std::string to_json(const std::vector<ReadWord>& words) {
  std::vector<std::string> elements;
  elements.reserve(words.size());
  for (const auto& word : words)
    elements.push_back(json::Writer{}
                           .field("text", word.text)
                           .raw("box", to_json(word.box))
                           .field("confidence", thousandths(word.confidence))
                           .text());
  return json::array_of(elements);
}

std::string to_json(const std::vector<FoundObject>& objects) {
  std::vector<std::string> elements;
  for (const auto& object : objects)
    elements.push_back(json::Writer{}.field("label", object.label).raw("box", to_json(object.box)).text());
  return json::array_of(elements);
}

/// Leaves out the words that are less sure than wanted; an engine that knows no words keeps its text.
void keep_sure_words(ReadText& read, double min_confidence) {
  if (min_confidence <= 0 || read.words.empty()) return;
  std::erase_if(read.words, [min_confidence](const ReadWord& word) { return word.confidence < min_confidence; });
  read.text = text_of(read.words);
  read.confidence = confidence_of(read.words);
}

std::string result_of(const ReadText& read, const Picture& picture, Micros took) {
  json::Writer result;
  result.field("text", read.text).raw("words", to_json(read.words));
  if (read.confidence) {
    result.field("confidence", thousandths(*read.confidence));
  } else {
    result.raw("confidence", "null");
  }
  result.field("engine", read.engine)
      .field("engine_version", read.engine_version)
      .field("settings", read.settings)
      .field("took_ms", static_cast<double>(std::max<Micros>(took, 0)) / 1000)
      .field("width", picture.width)
      .field("height", picture.height);
  if (read.objects) result.raw("objects", to_json(*read.objects));
  if (read.cut_short) result.field("cut_short", true);
  return result.text();
}

}  // namespace

config::Options<OcrOptions> ocr_options() {
  auto share = [](double value) -> std::optional<std::string> {
    return value >= 0 && value <= 1 ? std::nullopt : std::optional<std::string>("must be 0 to 1");
  };
  return config::Options<OcrOptions>("stages.ocr")
      .add("max_pixels", &OcrOptions::max_pixels, "largest picture, width times height; a larger one is a dead letter",
           config::at_least(1))
      .add("min_confidence", &OcrOptions::min_confidence, "words that the engine is less sure of are left out, 0 to 1",
           share);
}

Outcome read_text(const Ocr& ocr, const Envelope& message) {
  auto picture = picture_of(message, {ocr.options.max_pixels});
  if (!picture) return outcome_of(std::move(picture.error()));
  auto started = ocr.clock();
  auto text = ocr.reader(*picture);
  if (!text) return outcome_of(std::move(text.error()));
  keep_sure_words(*text, ocr.options.min_confidence);
  return with_result(result_of(*text, *picture, ocr.clock() - started));
}

}  // namespace loom::stages
