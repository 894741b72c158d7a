#include "stages/sentiment/vader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <unordered_set>

#include "base/model_files.h"
#include "stages/sentiment/words.h"

namespace loom::stages {
namespace {

constexpr double more = 0.293, less = -0.293, capitals = 0.733, negation = -0.74;

const std::unordered_set<std::string_view>& negations() {
  static const std::unordered_set<std::string_view> words{
      "aint",    "arent",    "cannot",   "cant",     "couldnt",  "darent",   "didnt",    "doesnt",   "ain't",   "aren't",
      "can't",   "couldn't", "daren't",  "didn't",   "doesn't",  "dont",     "hadnt",    "hasnt",    "havent",  "isnt",
      "mightnt", "mustnt",   "neither",  "don't",    "hadn't",   "hasn't",   "haven't",  "isn't",    "mightn't", "mustn't",
      "neednt",  "needn't",  "never",    "none",     "nope",     "nor",      "not",      "nothing",  "nowhere", "oughtnt",
      "shant",   "shouldnt", "uhuh",     "wasnt",    "werent",   "oughtn't", "shan't",   "shouldn't", "uh-uh",  "wasn't",
      "weren't", "without",  "wont",     "wouldnt",  "won't",    "wouldn't", "rarely",   "seldom",   "despite"};
  return words;
}

const std::unordered_map<std::string_view, double>& boosters() {
  static const std::unordered_map<std::string_view, double> all = [] {
    std::unordered_map<std::string_view, double> words;
    for (std::string_view word :
         {"absolutely", "amazingly", "awfully", "completely", "considerable", "considerably", "decidedly", "deeply", "effing",
          "enormous", "enormously", "entirely", "especially", "exceptional", "exceptionally", "extreme", "extremely",
          "fabulously", "flipping", "flippin", "frackin", "fracking", "fricking", "frickin", "frigging", "friggin", "fully",
          "fuckin", "fucking", "fuggin", "fugging", "greatly", "hella", "highly", "hugely", "incredible", "incredibly",
          "intensely", "major", "majorly", "more", "most", "particularly", "purely", "quite", "really", "remarkably", "so",
          "substantially", "thoroughly", "total", "totally", "tremendous", "tremendously", "uber", "unbelievably",
          "unusually", "utter", "utterly", "very"})
      words[word] = more;
    for (std::string_view word :
         {"almost", "barely", "hardly", "just enough", "kind of", "kinda", "kindof", "kind-of", "less", "little", "marginal",
          "marginally", "occasional", "occasionally", "partly", "scarce", "scarcely", "slight", "slightly", "somewhat",
          "sort of", "sorta", "sortof", "sort-of"})
      words[word] = less;
    return words;
  }();
  return all;
}

const std::unordered_map<std::string_view, double>& idioms() {
  static const std::unordered_map<std::string_view, double> all{
      {"the shit", 3},      {"the bomb", 3},        {"bad ass", 1.5}, {"badass", 1.5},       {"bus stop", 0},
      {"yeah right", -2},   {"kiss of death", -1.5}, {"to die for", 3}, {"beating heart", 3.5}};
  return all;
}

template <class Map>
const double* find(const Map& map, const std::string& word) {
  auto found = map.find(word);
  return found == map.end() ? nullptr : &found->second;
}

bool negates(const std::string& word) { return negations().contains(word) || word.find("n't") != std::string::npos; }

}  // namespace

/// One text on its way through the rules.
class Reading {
 public:
  Reading(const Vader& vader, std::string_view text) : vader_(vader), words_(words_of(text)) {
    auto upper = std::count_if(words_.begin(), words_.end(), [](const Word& word) { return word.is_upper; });
    capitals_mean_something_ = upper > 0 && upper < static_cast<std::ptrdiff_t>(words_.size());
  }

  std::vector<double> weights() {
    std::vector<double> weights;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      bool is_booster = boosters().contains(words_[i].lower);
      bool is_kind_of = i + 1 < words_.size() && word(i) == "kind" && word(i + 1) == "of";
      weights.push_back(is_booster || is_kind_of ? 0 : weight(i));
    }
    weigh_but(weights);
    return weights;
  }

 private:
  const std::string& word(std::size_t i) const { return words_[i].lower; }
  [[nodiscard]] bool is_known(std::size_t i) const { return vader_.lexicon_.contains(word(i)); }

  double weight(std::size_t i) const {
    const auto* own = find(vader_.lexicon_, word(i));
    if (!own) return 0;
    double weight = *own;
    if (word(i) == "no" && i + 1 < words_.size() && is_known(i + 1)) weight = 0;
    if (comes_after_no(i)) weight = *own * negation;
    if (words_[i].is_upper && capitals_mean_something_) weight += weight > 0 ? capitals : -capitals;
    for (std::size_t back = 1; back <= 3 && back <= i; ++back) {
      if (is_known(i - back)) continue;
      constexpr double fading[] = {1, 0.95, 0.9};
      weight += boost(i - back, weight) * fading[back - 1];
      weight = negated(weight, i, back);
      if (back == 3) weight = as_idiom(weight, i);
    }
    return after_least(weight, i);
  }

  bool comes_after_no(std::size_t i) const {
    if (i > 0 && word(i - 1) == "no") return true;
    if (i > 1 && word(i - 2) == "no") return true;
    return i > 2 && word(i - 3) == "no" && (word(i - 1) == "or" || word(i - 1) == "nor");
  }

  double boost(std::size_t i, double weight) const {
    const auto* booster = find(boosters(), word(i));
    if (!booster) return 0;
    double boost = weight < 0 ? -*booster : *booster;
    if (words_[i].is_upper && capitals_mean_something_) boost += weight > 0 ? capitals : -capitals;
    return boost;
  }

  bool is_so_or_this(std::size_t i) const { return word(i) == "so" || word(i) == "this"; }

  double negated(double weight, std::size_t i, std::size_t back) const {
    bool is_never_so = (back == 2 && word(i - 2) == "never" && is_so_or_this(i - 1)) ||
                       (back == 3 && ((word(i - 3) == "never" && is_so_or_this(i - 2)) || is_so_or_this(i - 1)));
    if (is_never_so) return weight * 1.25;
    bool is_without_doubt = (back == 2 && word(i - 2) == "without" && word(i - 1) == "doubt") ||
                            (back == 3 && word(i - 3) == "without" && (word(i - 2) == "doubt" || word(i - 1) == "doubt"));
    if (is_without_doubt) return weight;
    return negates(word(i - back)) ? weight * negation : weight;
  }

  double as_idiom(double weight, std::size_t i) const {
    auto pair = [&](std::size_t a) { return word(a) + " " + word(a + 1); };
    auto triple = [&](std::size_t a) { return word(a) + " " + word(a + 1) + " " + word(a + 2); };
    for (const auto& phrase : {pair(i - 1), triple(i - 2), pair(i - 2), triple(i - 3), pair(i - 3)}) {
      if (const auto* known = find(idioms(), phrase)) {
        weight = *known;
        break;
      }
    }
    if (i + 1 < words_.size())
      if (const auto* known = find(idioms(), pair(i))) weight = *known;
    if (i + 2 < words_.size())
      if (const auto* known = find(idioms(), triple(i))) weight = *known;
    for (const auto& phrase : {triple(i - 3), pair(i - 3), pair(i - 2)})
      if (const auto* booster = find(boosters(), phrase)) weight += *booster;
    return weight;
  }

  double after_least(double weight, std::size_t i) const {
    if (i == 0 || is_known(i - 1) || word(i - 1) != "least") return weight;
    if (i > 1 && (word(i - 2) == "at" || word(i - 2) == "very")) return weight;
    return weight * negation;
  }

  /// What follows "but" counts for more. Of equal weights the first is meant each time: that is how the reference, whose
  /// numbers are wanted, looks them up.
  void weigh_but(std::vector<double>& weights) const {
    auto but = std::find_if(words_.begin(), words_.end(), [](const Word& one) { return one.lower == "but"; });
    if (but == words_.end()) return;
    auto at = static_cast<std::ptrdiff_t>(but - words_.begin());
    for (std::size_t k = 0; k < weights.size(); ++k) {
      auto first = std::find(weights.begin(), weights.end(), weights[k]);
      auto place = first - weights.begin();
      if (place != at) *first *= place < at ? 0.5 : 1.5;
    }
  }

  const Vader& vader_;
  std::vector<Word> words_;
  bool capitals_mean_something_ = false;
};

namespace {

double emphasis(std::string_view text) {
  auto marks = std::min<std::ptrdiff_t>(std::count(text.begin(), text.end(), '!'), 4);
  auto questions = std::count(text.begin(), text.end(), '?');
  double of_questions = questions > 3 ? 0.96 : questions > 1 ? static_cast<double>(questions) * 0.18 : 0;
  return static_cast<double>(marks) * 0.292 + of_questions;
}

double rounded(double value, double to) { return std::round(value * to) / to; }

Sentiment sentiment_of(const std::vector<double>& weights, double emphasis) {
  Sentiment sentiment;
  if (weights.empty()) return sentiment;
  double sum = 0, positive = 0, negative = 0, neutral = 0;
  for (double weight : weights) {
    sum += weight;
    if (weight > 0) positive += weight + 1;
    if (weight < 0) negative += weight - 1;
    if (weight == 0) ++neutral;
  }
  if (sum != 0) sum += sum > 0 ? emphasis : -emphasis;
  if (positive > -negative) positive += emphasis;
  if (positive < -negative) negative -= emphasis;
  double total = positive - negative + neutral;
  sentiment.compound = rounded(std::clamp(sum / std::sqrt(sum * sum + 15), -1.0, 1.0), 10000);
  sentiment.positive = rounded(positive / total, 1000);
  sentiment.negative = rounded(-negative / total, 1000);
  sentiment.neutral = rounded(neutral / total, 1000);
  return sentiment;
}

/// Lines of "key TAB value TAB …".
template <class Take>
Result<void> read_table(std::string_view name, const Take& take) {
  auto path = model_file(name);
  if (!path) return tl::unexpected<Error>(std::move(path.error()));
  std::ifstream in(*path);
  for (std::string line; std::getline(in, line);) {
    auto tab = line.find('\t');
    if (tab == std::string::npos) continue;
    auto end = std::min(line.find('\t', tab + 1), line.find('\r', tab + 1));
    take(line.substr(0, tab), line.substr(tab + 1, end == std::string::npos ? end : end - tab - 1));
  }
  return {};
}

}  // namespace

Result<Vader> Vader::open() {
  Vader vader;
  auto words = read_table("vader/lexicon.txt", [&](const std::string& word, const std::string& weight) {
    vader.lexicon_[word] = std::strtod(weight.c_str(), nullptr);
  });
  if (!words) return tl::unexpected<Error>(std::move(words.error()));
  auto emoji = read_table("vader/emoji.txt", [&](const std::string& sign, const std::string& words_for_it) {
    vader.emoji_[sign] = words_for_it;
  });
  if (!emoji) return tl::unexpected<Error>(std::move(emoji.error()));
  return vader;
}

Sentiment Vader::score(std::string_view text) const {
  std::string plain;
  bool after_space = true;
  for (std::size_t at = 0; at < text.size();) {
    auto character = character_at(text, at);
    at += character.size();
    auto sign = character.size() > 1 ? emoji_.find(std::string(character)) : emoji_.end();
    if (sign == emoji_.end()) {
      plain += character;
      after_space = character == " ";
      continue;
    }
    if (!after_space) plain += ' ';
    plain += sign->second;
    after_space = false;
  }
  return sentiment_of(Reading(*this, plain).weights(), emphasis(plain));
}

}  // namespace loom::stages
