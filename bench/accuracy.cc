// How well the embedded models do on recordings and pictures with known words: a table in Markdown on stdout.
// usage: accuracy   (make accuracy writes docs/accuracy.md)
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "engines/paddle.h"
#include "engines/silero.h"
#include "engines/tesseract.h"
#include "engines/test_recordings.h"
#include "engines/test_words.h"
#include "engines/whisper.h"
#include "stages/audio/test_rates.h"
#include "stages/sentiment/vader.h"
#include "stages/vad/stream.h"

namespace loom {
namespace {

using test::errors_between;
using test::spoken;
using test::Words;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
long rss_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

struct Test {
  std::vector<Sound> sounds;
  double seconds = 0;
};

Test sounds_of(const std::vector<test::Recording>& all, double decibels) {
  Test made;
  for (unsigned i = 0; i < all.size(); ++i) {
    auto sound = stages::at_16_khz({all[i].sound, all[i].rate});
    made.sounds.push_back(decibels > 0 ? test::with_noise(sound, decibels, i) : sound);
    made.seconds += static_cast<double>(sound.size()) / sound_rate;
  }
  return made;
}

/// Each sound alone, as Loom does, and packed into windows (share_windows).
void speech_to_text(const std::string& model) {
  auto all = test::recordings();
  std::printf("## Speech to text, Whisper %s\n\nOne thread, greedy; jfk.wav, two_cities.wav and five LibriVox recordings, each as a whole.\n\n"
              "| sound | heard | words | wrong | word error | CPU s per s of speech | RSS MB so far |\n|---|---|---|---|---|---|---|\n", model.c_str());
  for (bool together : {false, true}) {
    auto hear = *engines::whisper_maker({.model = model, .share_windows = together})();
    for (auto [name, decibels] : {std::pair{"clean", 0.0}, {"10 dB white noise", 10.0}, {"5 dB white noise", 5.0}}) {
      auto test = sounds_of(all, decibels);
      auto before = cpu_seconds();
      auto heard = hear(test.sounds);
      auto took = cpu_seconds() - before;
      std::size_t wrong = 0, words = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        wrong += errors_between(spoken(heard[i] ? heard[i]->text : ""), spoken(all[i].text));
        words += spoken(all[i].text).size();
      }
      std::printf("| %s | %s | %zu | %zu | %.1f %% | %.2f | %ld |\n", name, together ? "in shared windows" : "alone", words, wrong,
                  100.0 * static_cast<double>(wrong) / static_cast<double>(words), took / test.seconds, rss_mb());
      std::fflush(stdout);
    }
  }
}

void word_times() {
  json::Document document;
  auto table = document.parse(test::bytes_of(LOOM_ROOT "/tests/data/word_reference.json"));
  auto hear = *engines::whisper_maker({})();
  std::vector<double> off;
  table->each_member([&](std::string_view file, json::Value reference) {
    auto sound = test::recording(file);
    auto more = test::ends_off(*hear({&sound, 1}).front(), reference);
    off.insert(off.end(), more.begin(), more.end());
  });
  std::sort(off.begin(), off.end());
  std::printf("\nWord ends of Whisper base against PocketSphinx's forced alignment (tools/word_reference), %zu words: median %.2f s, "
              "90th percentile %.2f s off.\n", off.size(), off[off.size() / 2], off[off.size() * 9 / 10]);
}

void voice_activity() {
  std::printf("\n## Voice activity\n\nSilero VAD v6: windows of 32 ms over the threshold, and the utterances cut from them.\n\n"
              "| sound | windows | speech | utterances |\n|---|---|---|---|\n");
  auto detect = *engines::open_silero();
  std::vector<std::pair<std::string, Sound>> sounds{{"jfk.wav", test::jfk()}};
  for (const auto* number : {"0870", "0880", "0890", "0920", "0930"}) sounds.emplace_back("LibriVox " + std::string(number), test::librivox(number));
  auto speechless = test::speechless();
  sounds.insert(sounds.end(), speechless.begin(), speechless.end());
  for (const auto& [name, sound] : sounds) {
    int windows = 0, speech = 0, utterances = 0;
    SpeechDetector counted = [&](SpeechMemory& memory, std::span<const float> window) {
      auto probability = detect(memory, window);
      ++windows;
      if (probability && *probability >= 0.5F) ++speech;
      return probability;
    };
    stages::SpeechStream stream(counted, {}, 480, sound_rate);
    auto count = [&](const stages::Segment& segment) { utterances += segment.is_speech ? 1 : 0; };
    (void)stream.push(sound, count);
    (void)stream.finish(count);
    std::printf("| %s | %d | %d | %d |\n", name.c_str(), windows, speech, utterances);
  }
}

/// How far utterances are from where silero-vad's own program finds them in the same sound (tools/vad_reference).
void voice_activity_by_rate() {
  std::printf("\nUtterances against what silero-vad 6.2.3's own `get_speech_timestamps` finds at that rate (tools/vad_reference), all six recordings.\n\n"
              "| recorded at | utterances | silero-vad's own | farthest start or end |\n|---|---|---|---|\n");
  json::Document document;
  auto table = document.parse(test::bytes_of(LOOM_ROOT "/tests/data/vad_reference.json"));
  auto detect = *engines::open_silero();
  for (int rate : {8000, 16000, 48000}) {
    std::size_t utterances = 0, wanted = 0;
    double farthest = 0;  // seconds
    table->get(std::to_string(rate))->each_member([&](std::string_view file, json::Value reference) {
      stages::SpeechStream stream(detect, {}, 480, rate);
      std::size_t at = 0;
      auto compare = [&](const stages::Segment& segment) {
        if (!segment.is_speech) return;
        auto [from, to] = stream.padded(segment);
        if (auto same = reference.at(at++))
          for (auto [ours, theirs] : {std::pair{from, *same->at(0)->integer()}, {to, *same->at(1)->integer()}})
            farthest = std::max(farthest, std::abs(static_cast<double>(ours) / sound_rate - static_cast<double>(theirs) / rate));
      };
      (void)stream.push(test::at_rate(test::recording(file), rate), compare);
      (void)stream.finish(compare);
      utterances += at;
      wanted += reference.size();
    });
    std::printf("| %d kHz | %zu | %zu | %.0f ms |\n", rate / 1000, utterances, wanted, 1000 * farthest);
  }
}

std::string file_of(const std::string& name) {
  std::ifstream in(LOOM_ROOT "/samples/screens/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void pictures() {
  std::printf("\n## Text in pictures\n\nPages of samples/screens. Character error with white space as one space; PP-OCR's also without any.\n\n"
              "| picture | Tesseract characters | words | PP-OCRv4 characters | without spaces | words |\n|---|---|---|---|---|---|\n");
  auto tesseract = *engines::open_tesseract({});
  auto paddle = *engines::paddle_maker({})();
  auto words_of = [](const std::string& text) {
    std::istringstream in(text);
    return Words{std::istream_iterator<std::string>(in), {}};
  };
  auto joined = [&](const std::string& text, const char* between) {
    std::string to;
    for (const auto& word : words_of(text)) to += (to.empty() ? "" : between) + word;
    return to;
  };
  auto percent = [](std::size_t wrong, std::size_t of) { return 100.0 * static_cast<double>(wrong) / static_cast<double>(of); };
  for (const auto* name : {"article_light.png", "article_dark.png", "article_small.png", "article_light_q30.jpg", "article_dark_q30.jpg",
                           "article_tilted.png", "post_light.png", "post_dark.png", "chat_light.png", "chat_dark.png", "settings_light.png"}) {
    auto truth = file_of(std::string(name).substr(0, std::string(name).find('_')) + ".txt");
    Picture picture{file_of(name), std::string(name).ends_with("png") ? PictureFormat::png : PictureFormat::jpeg, 0, 0};
    auto one = tesseract(picture), two = paddle(picture);
    auto a = one ? one->text : "", b = two ? two->text : "";
    auto with = joined(truth, " "), without = joined(truth, "");
    std::printf("| %s | %.2f %% | %.1f %% | %.2f %% | %.2f %% | %.1f %% |\n", name, percent(errors_between(joined(a, " "), with), with.size()),
                percent(errors_between(words_of(a), words_of(truth)), words_of(truth).size()), percent(errors_between(joined(b, " "), with), with.size()),
                percent(errors_between(joined(b, ""), without), without.size()), percent(errors_between(words_of(b), words_of(truth)), words_of(truth).size()));
  }
}

void sentiment() {
  auto vader = *stages::Vader::open();
  std::ifstream in(LOOM_ROOT "/.deps/testdata/sentiment.tsv");
  int count = 0, same = 0;
  double farthest = 0;
  for (std::string line; std::getline(in, line); ++count) {
    auto wanted = std::strtod(line.c_str(), nullptr);
    auto text = line;
    for (int i = 0; i < 4; ++i) text = text.substr(text.find('\t') + 1);
    auto off = std::abs(vader.score(text).compound - wanted);
    farthest = std::max(farthest, off);
    same += off <= 1e-4 + 1e-9 ? 1 : 0;
  }
  std::printf("\n## Sentiment\n\nVADER against its reference implementation: %d of %d sentences within 0.0001, the farthest %.4f off.\n", same, count, farthest);
}

}  // namespace
}  // namespace loom

int main() {
  std::printf("# Accuracy\n\nMade by `make accuracy`; do not edit.\n\n");
  loom::speech_to_text("base");  // first: the most memory is counted from the start
  loom::word_times();
  std::printf("\n");
  loom::speech_to_text("tiny.en");
  loom::voice_activity();
  loom::voice_activity_by_rate();
  loom::pictures();
  loom::sentiment();
}
