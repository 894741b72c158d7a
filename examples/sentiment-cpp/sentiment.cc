// The worked example as a C++ stage of one's own: Loom's public headers and its library, nothing else of it.
// Emits {"label","compound"} for data.text; a message without a text is a dead letter.
// In loom.yaml:
//   sentiment-analyzer-consumer: { use: program, program: sentiment, input: external.feedback.raw,
//                                  output: analysis.sentiment.results, options: { lexicon: words.txt } }
#include <loom/run.h>

#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

namespace {

using Lexicon = std::map<std::string, double>;

/// Lines "word score"; without a file a few words do.
loom::Result<std::shared_ptr<const Lexicon>> open_lexicon(const std::map<std::string, std::string>& options) {
  auto file = options.find("lexicon");
  if (file == options.end())
    return std::make_shared<const Lexicon>(Lexicon{{"love", 3.2}, {"great", 3.1}, {"good", 1.9}, {"bad", -2.5}, {"broken", -2.1}});
  std::ifstream in(file->second);
  auto lexicon = std::make_shared<Lexicon>();
  std::string word;
  for (double score = 0; in >> word >> score;) lexicon->emplace(word, score);
  if (lexicon->empty())
    return loom::fail(loom::ErrorKind::configuration, "no words in the lexicon " + file->second, {.remedy = "correct options.lexicon"});
  return lexicon;
}

double score_of(const Lexicon& lexicon, std::string_view text) {
  double sum = 0;
  std::string lower;
  for (unsigned char letter : text) lower += std::isalpha(letter) ? static_cast<char>(std::tolower(letter)) : ' ';
  std::istringstream words(lower);
  for (std::string word; words >> word;)
    if (auto found = lexicon.find(word); found != lexicon.end()) sum += found->second;
  return sum / std::sqrt(sum * sum + 15);
}

loom::Outcome judge(const Lexicon& lexicon, const loom::Envelope& message) {
  auto text = message.string_at("data.text");
  if (!text) return loom::outcome_of(text.error());
  auto score = score_of(lexicon, *text);
  const auto* label = score >= 0.05 ? "positive" : score <= -0.05 ? "negative" : "neutral";
  return loom::with_result(loom::json::Writer{}.field("label", label).field("compound", score).text());
}

}  // namespace

int main(int argc, char** argv) {
  auto make = [](const loom::StageSettings& settings) -> loom::Result<loom::BatchHandler> {
    return open_lexicon(settings.options).map([](auto lexicon) {
      return loom::one_by_one([lexicon](const loom::Envelope& message) { return judge(*lexicon, message); });
    });
  };
  return loom::run_stage(argc, argv, {.make = make});
}
