#include "engines/warm.h"

#include <leptonica/allheaders.h>

#include <memory>

#include "loom/deadline.h"

namespace loom::engines {
namespace {

/// A line of text as a PNG, in Leptonica's own letters.
Picture sample_picture() {
  constexpr int width = 320, height = 64, size = 20;
  struct Free {
    void operator()(Pix* pix) const { pixDestroy(&pix); }
    void operator()(L_Bmf* letters) const { bmfDestroy(&letters); }
  };
  std::unique_ptr<Pix, Free> page(pixCreate(width, height, 8));
  pixSetAll(page.get());
  if (std::unique_ptr<L_Bmf, Free> letters(bmfCreate(nullptr, size)); letters) {
    l_int32 used = 0, overflows = 0;
    pixSetTextline(page.get(), letters.get(), "Loom reads this line.", 0, 16, 40, &used, &overflows);
  }
  l_uint8* data = nullptr;
  std::size_t bytes = 0;
  pixWriteMemPng(&data, &bytes, page.get(), 0);
  Picture picture{std::string(reinterpret_cast<const char*>(data), bytes), PictureFormat::png, width, height};
  lept_free(data);
  return picture;
}

Result<Called> call(const TextReader& reader) {
  return reader(sample_picture()).map([](const ReadText& read) { return Called{read.engine_version, read.settings}; });
}

Result<Called> call(const Transcriber& transcriber) {
  auto heard = transcriber(std::vector<Sound>(1, Sound(sound_rate, 0.0F)));
  if (heard.empty()) return fail(ErrorKind::internal, "the engine answered nothing");
  return heard.front().map([](const Transcript& it) { return Called{it.engine_version, it.settings}; });
}

Result<Called> call(const SpeechDetector& detector) {
  SpeechMemory memory;
  return detector(memory, Sound(speech_window, 0.0F)).map([](float) { return Called{}; });
}

/// A machine that is too slow for the deadline now is not broken.
template <class Made>
Result<Made> tried(Result<Made> made) {
  if (!made) return made;
  if (auto called = call(*made); !called && !is_overdue(called.error()))
    return tl::unexpected<Error>(std::move(called.error()));
  return made;
}

template <class Make>
Engine warmed_maker(Make make) {
  return Make([make = std::move(make)] { return tried(make()); });
}

template <class Make>
Result<Called> made_and_called(const Make& make) {
  auto made = make();
  if (!made) return tl::unexpected<Error>(std::move(made.error()));
  return call(*made);
}

}  // namespace

Result<Called> called_once(const Engine& engine) {
  if (const auto* make = std::get_if<MakeTextReader>(&engine)) return made_and_called(*make);
  if (const auto* make = std::get_if<MakeTranscriber>(&engine)) return made_and_called(*make);
  if (const auto* make = std::get_if<MakeSpeechDetector>(&engine)) return made_and_called(*make);
  return Called{};
}

Engine warmed(Engine engine) {
  if (auto* make = std::get_if<MakeTextReader>(&engine)) return warmed_maker(std::move(*make));
  if (auto* make = std::get_if<MakeTranscriber>(&engine)) return warmed_maker(std::move(*make));
  if (auto* make = std::get_if<MakeSpeechDetector>(&engine)) return warmed_maker(std::move(*make));
  return engine;
}

}  // namespace loom::engines
