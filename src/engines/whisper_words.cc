#include "engines/whisper_words.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

namespace loom::engines {
namespace {

constexpr std::size_t frame = sound_rate / 100;
constexpr double shortest_word = 0.02;  // seconds

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \n\t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \n\t") - first + 1);
}

bool is_spoken(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80 || std::isalnum(c) != 0; });
}

double loudness(std::span<const float> samples, std::size_t at) {
  double sum = 0;
  auto end = std::min(at + frame, samples.size());
  for (auto i = at; i < end; ++i) sum += static_cast<double>(samples[i]) * samples[i];
  return std::sqrt(sum / frame);
}

/// A tenth of how loud the loudest 10 ms between the two times are.
double quiet_between(std::span<const float> samples, double from, double to) {
  double loudest = 0;
  for (auto at = static_cast<std::size_t>(from * sound_rate); at < to * sound_rate && at < samples.size(); at += frame)
    loudest = std::max(loudest, loudness(samples, at));
  return loudest / 10;
}

double past_silence(std::span<const float> samples, double from, double to) {
  auto quiet = quiet_between(samples, from, to);
  double start = from;
  while (start + shortest_word < to && loudness(samples, static_cast<std::size_t>(start * sound_rate)) < quiet)
    start += 0.01;
  return start;
}

std::size_t piece_at(const Window& window, double seconds) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < window.size(); ++i)
    if (seconds * sound_rate > static_cast<double>(window[i].at) - static_cast<double>(pause_between) / 2) found = i;
  return found;
}

}  // namespace

bool is_no_speech(std::string_view text) {
  auto bare = trimmed(text);
  if (bare.empty()) return true;
  auto encloses = [&](char first, char last) { return bare.front() == first && bare.back() == last; };
  return encloses('[', ']') || encloses('(', ')') || encloses('*', '*') ||
         bare.find_first_not_of(".,!?-… ") == std::string_view::npos;
}

std::vector<SpokenWord> words_of(std::span<const Token> tokens) {
  std::vector<SpokenWord> words;
  std::size_t count = 0;
  double sum = 0;
  for (const auto& token : tokens) {
    if (words.empty() || token.text.starts_with(' ')) words.emplace_back(), count = 0, sum = 0;
    auto& word = words.back();
    word.text += token.text;
    if (is_spoken(token.text) || word.end == 0)  // a full stop is put where the next word begins
      word.end = std::max(token.end, words.size() > 1 ? words[words.size() - 2].end : 0.0);
    sum += token.log_probability;
    word.confidence = std::exp(sum / static_cast<double>(++count));
  }
  for (auto& word : words) word.text = trimmed(word.text);
  std::erase_if(words, [](const SpokenWord& word) { return word.text.empty(); });
  return words;
}

std::vector<Transcript> placed(std::span<const SpokenWord> words, const Window& window,
                               std::span<const float> samples) {
  std::vector<Transcript> transcripts(window.size());
  std::size_t before = window.size();
  double last_end = 0;
  for (const auto& word : words) {
    auto index = piece_at(window, word.end);
    const auto& piece = window[index];
    auto begins = static_cast<double>(piece.at) / sound_rate;
    auto ends = begins + static_cast<double>(piece.size) / sound_rate;
    if (std::exchange(before, index) != index) last_end = begins;
    auto end = std::clamp(word.end, last_end, ends);
    auto start = past_silence(samples, last_end, end);
    last_end = end;
    auto shift = static_cast<double>(piece.from) / sound_rate - begins;
    auto& transcript = transcripts[index];
    transcript.words.push_back({word.text, start + shift, end + shift, word.confidence});
    transcript.text += (transcript.text.empty() ? "" : " ") + word.text;
  }
  return transcripts;
}

bool says_too_much(const Transcript& heard, const Piece& piece) {
  constexpr double words_a_second = 5, letters_a_second = 30, seconds_more = 0.5;
  auto seconds = static_cast<double>(piece.size) / sound_rate + seconds_more;
  return static_cast<double>(heard.words.size()) > seconds * words_a_second ||
         static_cast<double>(heard.text.size()) > seconds * letters_a_second;  // "y-y-y-y-…" is one word
}

bool is_plausible(std::span<const Transcript> heard, const Window& window) {
  for (std::size_t i = 0; i < window.size(); ++i)
    if (heard[i].words.empty() || says_too_much(heard[i], window[i])) return false;
  return true;
}

void append(Transcript& to, Transcript&& more) {
  to.text += (to.text.empty() || more.text.empty() ? "" : " ") + more.text;
  to.words.insert(to.words.end(), more.words.begin(), more.words.end());
}

}  // namespace loom::engines
