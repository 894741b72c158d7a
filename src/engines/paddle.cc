#include "engines/paddle.h"

#include <memory>

#include "base/model_files.h"
#include "engines/paddle_lines.h"
#include "engines/paddle_read.h"

namespace loom::engines {
namespace {

struct Models {
  std::shared_ptr<const OnnxModel> lines, text;
  Letters letters;
};

Result<std::shared_ptr<Models>> load(const PaddleOptions& options) {
  auto models = std::make_shared<Models>();
  for (auto [name, to] : {std::pair{"ppocr/det.onnx", &models->lines}, {"ppocr/rec.onnx", &models->text}}) {
    auto file = model_file(name);
    if (!file) return tl::unexpected<Error>(std::move(file.error()));
    auto model = OnnxModel::open(*file, {options.threads});
    if (!model) return tl::unexpected<Error>(std::move(model.error()));
    *to = std::move(*model);
  }
  auto keys = model_file("ppocr/keys.txt");
  if (!keys) return tl::unexpected<Error>(std::move(keys.error()));
  auto letters = read_letters(*keys);
  if (!letters) return tl::unexpected<Error>(std::move(letters.error()));
  models->letters = std::move(*letters);
  return models;
}

/// 32 bits a pixel, transparent parts over white, level.
Result<Page> level_page(const Picture& picture) {
  auto pix = decoded(picture);
  if (!pix) return tl::unexpected<Error>(std::move(pix.error()));
  if (pixGetSpp(pix->get()) == 4) pix->reset(pixAlphaBlendUniform(pix->get(), 0xffffff00));
  Page page{.pixels = OwnPix(*pix ? pixConvertTo32(pix->get()) : nullptr)};
  if (!page.pixels) return fail(ErrorKind::internal, "the picture could not be converted", {.field = "data.image_data"});
  page.width = pixGetWidth(page.pixels.get()), page.height = pixGetHeight(page.pixels.get());
  OwnPix grey(pixConvertTo8(page.pixels.get(), 0));
  if (grey && is_dark(grey.get())) {  // the model reads dark letters on light ground much better
    pixInvert(page.pixels.get(), page.pixels.get());
    pixInvert(grey.get(), grey.get());
  }
  auto shapes = grey ? black_and_white(grey.get()) : nullptr;
  page.radians = shapes ? skew_of(shapes.get()) : 0;
  if (page.radians != 0)
    if (auto turned = turned_by(page.pixels.get(), page.radians); turned) page.pixels = std::move(turned);
  return page;
}

Result<ReadText> read(const Models& models, const PaddleOptions& options, const Picture& picture) {
  Deadline deadline(options.deadline);
  auto page = level_page(picture);
  if (!page) return tl::unexpected<Error>(std::move(page.error()));
  auto boxes = find_lines(*models.lines, page->pixels.get(), options);
  if (!boxes) return tl::unexpected<Error>(std::move(boxes.error()));
  ReadText text;
  text.engine = "paddle";
  text.engine_version = "PP-OCRv4, ONNX Runtime " + onnx_runtime_version();
  text.settings = "longest_side " + std::to_string(options.longest_side) + ", min_box_score " +
                  config::print_value(options.min_box_score);
  for (const auto& [box, line] : in_reading_order(std::move(*boxes))) {  // finding them takes a bounded time
    if (deadline.is_over()) return deadline.overdue("paddle");
    auto words = read_line(*models.text, models.letters, page->pixels.get(), box);
    if (!words) return tl::unexpected<Error>(std::move(words.error()));
    for (auto& word : *words) {
      word.line = line;
      word.box = page->box_in_picture(word.box);
      text.words.push_back(std::move(word));
    }
  }
  text.text = text_of(text.words);
  text.confidence = confidence_of(text.words);
  return text;
}

}  // namespace

config::Options<PaddleOptions> paddle_options() {
  auto share = [](double value) -> std::optional<std::string> {
    return value > 0 && value < 1 ? std::nullopt : std::optional<std::string>("must be between 0 and 1");
  };
  auto options = config::Options<PaddleOptions>("engines.paddle")
      .add("threads", &PaddleOptions::threads, "of one picture", config::at_least(1))
      .add("longest_side", &PaddleOptions::longest_side, "pixels; larger pictures are scaled down to find their lines",
           config::at_least(64))
      .add("min_box_score", &PaddleOptions::min_box_score, "lines that the model is less sure of are left out", share);
  return add_deadline(options);
}

MakeTextReader paddle_maker(const PaddleOptions& options, const SharedWeights& weights) {
  return [options, weights]() -> Result<TextReader> {
    auto loaded = weights->get<Models>("paddle, threads " + std::to_string(options.threads), [&] { return load(options); });
    if (!loaded) return tl::unexpected<Error>(std::move(loaded.error()));
    return TextReader([models = *loaded, options](const Picture& picture) { return read(*models, options, picture); });
  };
}

}  // namespace loom::engines
