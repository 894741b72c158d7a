#include "engines/tesseract.h"

#include <omp.h>
#include <tesseract/baseapi.h>
#include <tesseract/ocrclass.h>
#include <tesseract/resultiterator.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <sstream>
#include <thread>

#include "engines/tesseract_page.h"

namespace loom::engines {
namespace {

/// Some settings of Tesseract and Leptonica are the process's: set once, before the first model loads.
void silence() {
  static std::once_flag once;
  std::call_once(once, [] {
    setMsgSeverity(L_SEVERITY_NONE);
    tesseract::TessBaseAPI().SetVariable("debug_file", "/dev/null");
  });
}

/// Lanes are the parallelism; within one, four threads a page would only get in each other's way. The limit is each
/// thread's own, and OMP_THREAD_LIMIT is read too early to be set from here.
void one_thread() { omp_set_max_active_levels(0); }

/// "deu+chi_sim" → "tesseract-ocr-deu tesseract-ocr-chi-sim"
std::string packages_of(const std::string& language) {
  std::string packages = "tesseract-ocr-";
  for (char letter : language) {
    if (letter == '+') {
      packages += " tesseract-ocr-";
    } else {
      packages += letter == '_' ? '-' : letter;
    }
  }
  return packages;
}

std::string settings_of(const TesseractOptions& options) {
  if (!options.name.empty()) return options.name;
  return options.language + ", page_segmentation " + std::to_string(options.page_segmentation) + ", text_height " +
         std::to_string(options.text_height) + (options.exclude.empty() ? "" : ", without " + options.exclude);
}

std::vector<ReadWord> words_of(tesseract::TessBaseAPI& api, const Page& page) {
  std::vector<ReadWord> words;
  std::unique_ptr<tesseract::ResultIterator> at(api.GetIterator());
  if (!at) return words;
  int line = -1;
  do {
    if (at->Empty(tesseract::RIL_WORD)) continue;
    if (at->IsAtBeginningOf(tesseract::RIL_TEXTLINE) || line < 0) ++line;
    std::unique_ptr<char[]> text(at->GetUTF8Text(tesseract::RIL_WORD));
    if (!text || std::string_view(text.get()).find_first_not_of(" \n") == std::string_view::npos) continue;
    int left = 0, top = 0, right = 0, bottom = 0;
    at->BoundingBox(tesseract::RIL_WORD, &left, &top, &right, &bottom);
    words.push_back({text.get(), page.box_in_picture({left, top, right - left, bottom - top}),
                     std::clamp(at->Confidence(tesseract::RIL_WORD) / 100.0, 0.0, 1.0), line});
  } while (at->Next(tesseract::RIL_WORD));
  return words;
}

class Tesseract {
 public:
  static Result<TextReader> open(const TesseractOptions& options, const SharedWeights& weights) {
    silence();
    one_thread();
    std::ostringstream lane;  // what was loaded is its thread's
    lane << std::this_thread::get_id();
    auto api = weights->get<tesseract::TessBaseAPI>("tesseract, " + options.language + ", thread " + lane.str(),
                                                    [&] { return load(options); });
    if (!api) return tl::unexpected<Error>(std::move(api.error()));
    return TextReader(Tesseract(std::move(*api), options));
  }

  static Result<std::shared_ptr<tesseract::TessBaseAPI>> load(const TesseractOptions& options) {
    auto api = std::make_shared<tesseract::TessBaseAPI>();
    if (api->Init(nullptr, options.language.c_str(), tesseract::OEM_LSTM_ONLY) != 0)
      return fail(ErrorKind::configuration, "Tesseract has no data for language '" + options.language + "'",
                  {.field = "engine.language",
                   .remedy = "apt-get install " + packages_of(options.language) + ", or set TESSDATA_PREFIX"});
    return api;
  }

  Result<ReadText> operator()(const Picture& picture) const {
    one_thread();
    auto page = page_of(picture, options_.text_height);
    if (!page) return tl::unexpected(page.error());
    ReadText read{
        .engine = "tesseract", .engine_version = tesseract::TessBaseAPI::Version(), .settings = settings_of(options_)};
    auto width = pixGetWidth(page->pixels.get()), height = pixGetHeight(page->pixels.get());
    if (constexpr int smallest_letter = 5; width < smallest_letter || height < smallest_letter) return read;
    api_->SetPageSegMode(
        static_cast<tesseract::PageSegMode>(options_.page_segmentation));  // another may have set its own
    api_->SetVariable("tessedit_char_blacklist", options_.exclude.c_str());
    api_->SetImage(page->pixels.get());
    api_->SetSourceResolution(150);  // the pixels say nothing of inches, and Tesseract would guess
    Deadline deadline(options_.deadline);
    tesseract::ETEXT_DESC monitor;
    monitor.set_deadline_msecs(static_cast<std::int32_t>(std::min<std::int64_t>(options_.deadline.count(), INT32_MAX)));
    bool recognized = api_->Recognize(&monitor) == 0;
    if (recognized) read.words = words_of(*api_, *page);
    api_->Clear();
    if (!recognized && deadline.is_over()) return deadline.overdue("tesseract");
    if (!recognized)
      return fail(ErrorKind::internal,
                  "Tesseract could not read a page of " + std::to_string(width) + "x" + std::to_string(height));
    read.text = text_of(read.words);
    read.confidence = confidence_of(read.words);
    return read;
  }

 private:
  Tesseract(std::shared_ptr<tesseract::TessBaseAPI> api, TesseractOptions options)
      : api_(std::move(api)), options_(std::move(options)) {}
  std::shared_ptr<tesseract::TessBaseAPI> api_;  // shared because a std::function has to be able to copy
  TesseractOptions options_;
};

std::optional<std::string> wrong_language(const std::string& language) {
  auto allowed = [](unsigned char letter) { return std::isalnum(letter) != 0 || letter == '_' || letter == '+'; };
  if (!language.empty() && std::all_of(language.begin(), language.end(), allowed)) return std::nullopt;
  return "must be language codes joined by +, e.g. eng or deu+eng";
}

std::optional<std::string> wrong_page_segmentation(int mode) {
  if ((mode >= 3 && mode <= 11) || mode == 13) return std::nullopt;
  return "must be 3 to 11 or 13 (see 'tesseract --help-psm'); the others read no text or need orientation data";
}

}  // namespace

config::Options<TesseractOptions> tesseract_options() {
  auto options =
      config::Options<TesseractOptions>("engine.tesseract")
          .add("language", &TesseractOptions::language, "language data, several joined by +: eng, deu+eng",
               wrong_language)
          .add("page_segmentation", &TesseractOptions::page_segmentation,
               "how text lies on a page: 3 whole pages, 4 one column, 6 one block, 7 one line, 11 scattered text",
               wrong_page_segmentation)
          .add("text_height", &TesseractOptions::text_height, "pixels of type that smaller text is enlarged to",
               config::at_least(10))
          .add("exclude", &TesseractOptions::exclude,
               "characters that are never read; by default | because small type has I for it; \"\" reads all")
          .add("name", &TesseractOptions::name, "what results call these settings");
  return add_deadline(options);
}

Result<TextReader> open_tesseract(const TesseractOptions& options, const SharedWeights& weights) {
  return Tesseract::open(options, weights);
}

}  // namespace loom::engines
