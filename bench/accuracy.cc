// How well the embedded models do on recordings and pictures with known words: a table in Markdown on stdout.
// usage: accuracy   (make accuracy writes docs/accuracy.md)
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

#include "engines/paddle.h"
#include "engines/silero.h"
#include "engines/tesseract.h"
#include "engines/test_sounds.h"
#include "engines/whisper.h"
#include "stages/sentiment/vader.h"
#include "stages/vad/stream.h"

namespace loom {
namespace {

using Words = std::vector<std::string>;

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

/// What has to be changed, added or taken away.
template <class Sequence>
std::size_t errors(const Sequence& a, const Sequence& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

Words spoken(std::string text) {
  if (auto mister = text.find("Mr."); mister != std::string::npos) text.replace(mister, 3, "mister");
  for (char& c : text) c = std::isalpha(static_cast<unsigned char>(c)) || c == '\'' ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : ' ';
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

struct Spoken {
  Sound sound;
  Words words;
};

std::vector<Spoken> recordings() {
  std::vector<Spoken> all{{test::jfk(), spoken("and so my fellow americans ask not what your country can do for you ask what "
                                               "you can do for your country")}};
  std::ifstream in(LOOM_ROOT "/.deps/testdata/librivox/transcription");
  for (std::string line; std::getline(in, line);) {
    auto number = line.substr(line.rfind('-') + 1, 4);
    auto text = line.substr(4, line.find("</s>") - 4);
    if (number == "0920") text = "had he married a more amiable woman he might have been made still more respectable than he was";
    all.push_back({test::librivox(number), spoken(text)});
  }
  return all;
}

Sound with_noise(const Sound& sound, double decibels, unsigned seed) {
  double power = 0;
  for (float sample : sound) power += static_cast<double>(sample) * sample;
  auto deviation = std::sqrt(power / static_cast<double>(sound.size()) / std::pow(10, decibels / 10));
  std::mt19937 random(seed);
  std::normal_distribution<float> noise(0, static_cast<float>(deviation));
  Sound noisy(sound);
  for (float& sample : noisy) sample = std::clamp(sample + noise(random), -1.0F, 1.0F);
  return noisy;
}

void speech_to_text(const std::string& model) {
  std::printf("## Speech to text, Whisper %s\n\nOne thread, greedy; jfk.wav and five LibriVox recordings.\n\n"
              "| sound | handed over | words | wrong | word error | CPU s per s of speech | RSS MB |\n|---|---|---|---|---|---|---|\n", model.c_str());
  auto hear = *engines::whisper_maker({.model = model})();
  auto all = recordings();
  for (auto [name, decibels] : {std::pair{"clean", 0.0}, {"10 dB white noise", 10.0}, {"5 dB white noise", 5.0}})
    for (bool together : {false, true}) {
      std::vector<Sound> sounds;
      double seconds = 0;
      for (unsigned i = 0; i < all.size(); ++i) {
        sounds.push_back(decibels > 0 ? with_noise(all[i].sound, decibels, i) : all[i].sound);
        seconds += static_cast<double>(sounds.back().size()) / sound_rate;
      }
      auto before = cpu_seconds();
      std::vector<Result<Transcript>> heard;
      if (together) heard = hear(sounds);
      else for (const auto& sound : sounds) heard.push_back(hear({&sound, 1}).front());
      auto took = cpu_seconds() - before;
      std::size_t wrong = 0, words = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        wrong += errors(spoken(heard[i] ? heard[i]->text : ""), all[i].words);
        words += all[i].words.size();
      }
      std::printf("| %s | %s | %zu | %zu | %.1f %% | %.2f | %ld |\n", name, together ? "together" : "alone", words, wrong,
                  100.0 * static_cast<double>(wrong) / static_cast<double>(words), took / seconds, rss_mb());
    }
}

void voice_activity() {
  std::printf("\n## Voice activity\n\nSilero VAD v6: windows of 32 ms over the threshold, and the utterances cut from them.\n\n"
              "| sound | windows | speech | utterances |\n|---|---|---|---|\n");
  auto detect = *engines::open_silero();
  std::vector<std::pair<std::string, Sound>> sounds{{"jfk.wav", test::jfk()}};
  for (const auto* number : {"0870", "0880", "0890", "0920", "0930"}) sounds.emplace_back("LibriVox " + std::string(number), test::librivox(number));
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.1F);
  Sound silence(10 * sound_rate), noise(10 * sound_rate), tone(10 * sound_rate), music(10 * sound_rate);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    auto t = static_cast<float>(i) / sound_rate;
    noise[i] = normal(random);
    tone[i] = 0.3F * std::sin(2764.6F * t);
    auto note = 220.0F * std::pow(2.0F, static_cast<float>(static_cast<int>(t * 4) % 8) / 12.0F);
    for (int harmonic = 1; harmonic < 6; ++harmonic)
      music[i] += 0.1F / static_cast<float>(harmonic) * std::sin(6.2832F * note * static_cast<float>(harmonic) * t) * std::exp(-3 * std::fmod(t, 0.25F));
  }
  sounds.insert(sounds.end(), {{"silence", silence}, {"white noise", noise}, {"440 Hz", tone}, {"music", music}});
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
    std::printf("| %s | %.2f %% | %.1f %% | %.2f %% | %.2f %% | %.1f %% |\n", name, percent(errors(joined(a, " "), with), with.size()),
                percent(errors(words_of(a), words_of(truth)), words_of(truth).size()), percent(errors(joined(b, " "), with), with.size()),
                percent(errors(joined(b, ""), without), without.size()), percent(errors(words_of(b), words_of(truth)), words_of(truth).size()));
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
  loom::speech_to_text("tiny.en");
  std::printf("\n");
  loom::speech_to_text("base");
  loom::voice_activity();
  loom::pictures();
  loom::sentiment();
}
