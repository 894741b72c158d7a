#include "engines/whisper.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "engines/test_errors.h"
#include "engines/test_sounds.h"
#include "engines/test_words.h"
#include "engines/whisper_words.h"

namespace loom::engines {
namespace {

std::vector<std::string> plain_words(const std::string& text) {
  std::string plain;
  for (char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '\'')
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else
      plain += ' ';
  std::istringstream in(plain);
  return {std::istream_iterator<std::string>(in), {}};
}

const std::string jfk_said =
    "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country.";
const std::vector<std::pair<std::string, std::string>> read_aloud = {
    {"0870", "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do "
             "for them"},
    {"0880", "he was not an ill disposed young man"},
    {"0890", "unless to be rather cold hearted and rather selfish is to be ill disposed"},
    {"0920", "had he married a more amiable woman he might have been made still more respectable than he was"},
    {"0930", "he might even have been made amiable himself"}};

class WhisperTest : public testing::Test {
 protected:
  static std::vector<Transcript> hear(const std::vector<Sound>& sounds) {
    static auto transcriber = whisper_maker({})();
    return with(*transcriber, sounds);
  }
  static std::vector<Transcript> hear_together(const std::vector<Sound>& sounds) {
    static auto transcriber = whisper_maker({.share_windows = true})();
    return with(*transcriber, sounds);
  }

 private:
  static std::vector<Transcript> with(const Transcriber& transcriber, const std::vector<Sound>& sounds) {
    std::vector<Transcript> all;
    for (auto& result : transcriber(sounds)) {
      EXPECT_TRUE(result) << to_string(result.error());
      all.push_back(result ? *result : Transcript{});
    }
    return all;
  }
};

TEST_F(WhisperTest, ALoneSoundIsHeardWordByWord) {
  auto heard = hear({test::jfk()}).front();
  EXPECT_EQ(plain_words(heard.text), plain_words(jfk_said));
  ASSERT_EQ(heard.words.size(), 22U);
  double before = 0;
  for (const auto& word : heard.words) {
    EXPECT_GE(word.start, before) << word.text;
    EXPECT_GE(word.end, word.start) << word.text;
    EXPECT_GT(word.confidence.value_or(0), 0.1) << word.text;
    before = word.start;
  }
  EXPECT_LE(heard.words.back().end, 11.0);
  EXPECT_EQ(heard.words.front().text, "And");
}

TEST_F(WhisperTest, WhatElseWaitsChangesNoWord) {
  auto one = test::librivox("0880"), other = test::librivox("0930");
  auto alone = hear({other}).front();
  EXPECT_EQ(plain_words(alone.text), plain_words("he might even have been made amiable himself"));
  for (const auto& company : {std::vector{one, other}, {other, other, one}, {other, one, other}}) {
    auto heard = hear(company);
    for (std::size_t i = 0; i < company.size(); ++i) {
      if (company[i] == one) continue;
      ASSERT_EQ(heard[i].text, alone.text);
      for (std::size_t w = 0; w < alone.words.size(); ++w) EXPECT_EQ(heard[i].words[w].end, alone.words[w].end);
    }
  }
}

TEST_F(WhisperTest, PackedSoundsKeepTheirWords) {
  std::vector<Sound> sounds{test::jfk()};
  for (const auto& [number, text] : read_aloud) sounds.push_back(test::librivox(number));
  auto heard = hear_together(sounds);
  std::size_t wrong = test::errors_between(plain_words(heard[0].text), plain_words(jfk_said)), words = 22;
  for (std::size_t i = 0; i < read_aloud.size(); ++i) {
    auto wanted = plain_words(read_aloud[i].second);
    auto text = heard[i + 1].text;
    if (auto mr = text.find("Mr."); mr != std::string::npos) text.replace(mr, 3, "mister");
    auto errors = test::errors_between(plain_words(text), wanted);
    wrong += errors, words += wanted.size();
    EXPECT_LE(errors, 1U) << read_aloud[i].first << ": " << text;
    ASSERT_FALSE(heard[i + 1].words.empty());
    EXPECT_LE(heard[i + 1].words.back().end, static_cast<double>(sounds[i + 1].size()) / sound_rate + 0.001);
  }
  EXPECT_LE(static_cast<double>(wrong) / static_cast<double>(words), 0.02) << wrong << " of " << words;
}

TEST_F(WhisperTest, SoundsThatAreAlikeKeepTheirWords) {
  for (const auto& transcript : hear_together(std::vector<Sound>(5, test::librivox("0930"))))
    EXPECT_EQ(plain_words(transcript.text), plain_words("he might even have been made amiable himself"));
}

TEST_F(WhisperTest, NothingIsHeardInSilence) {
  EXPECT_EQ(hear({Sound(3 * sound_rate, 0.0F)}).front().text, "");
}

/// tests/data/word_reference.json: the end of each word by PocketSphinx's forced alignment (tools/word_reference).
TEST_F(WhisperTest, WordsEndWhereAnotherProgramPutsTheirEnds) {
  json::Document document;
  auto table = document.parse(test::bytes_of(LOOM_ROOT "/tests/data/word_reference.json"));
  ASSERT_TRUE(table);
  std::vector<double> off;
  table->each_member([&](std::string_view file, json::Value reference) {
    auto folder = file == "jfk.wav" ? std::string(".deps/testdata/") : std::string(".deps/testdata/librivox/");
    auto more = test::ends_off(hear({test::sound_of(folder + std::string(file))}).front(), reference);
    off.insert(off.end(), more.begin(), more.end());
  });
  ASSERT_GE(off.size(), 80U);
  std::sort(off.begin(), off.end());
  EXPECT_LE(off[off.size() / 2], 0.1);
  EXPECT_LE(off[off.size() * 9 / 10], 0.3);
}

TEST(WhisperOptionsTest, FaultsNameTheModelAndTheLanguage) {
  for (const auto* yaml : {"{use: whisper, model: large}", "{use: whisper, language: klingon}"}) {
    config::Faults faults;
    auto options = whisper_options();
    options.also("use");
    (void)options.read(config::Node::parse(yaml, "loom.yaml", faults), faults);
    EXPECT_TRUE(faults.any_fault()) << yaml;
  }
}

TEST(Packing, ShortSoundsShareAWindowAndLongOnesAreCut) {
  std::vector<Sound> sounds{Sound(10 * sound_rate), Sound(12 * sound_rate), Sound(20 * sound_rate), Sound(61 * sound_rate)};
  auto windows = packed(sounds, Sharing::together);
  ASSERT_EQ(windows.size(), 5U);
  EXPECT_EQ(windows[0].size(), 2U);
  EXPECT_EQ(windows[0][1].at, lead_in + 10 * sound_rate + pause_between);
  std::size_t last = 0;
  for (const auto& window : windows) {
    EXPECT_LE(window.back().at + window.back().size, lead_in + longest_window);
    for (const auto& piece : window)
      if (piece.sound == 3) {
        EXPECT_EQ(piece.from, last);
        last = piece.from + piece.size;
      }
  }
  EXPECT_EQ(last, sounds[3].size());
  for (const auto& window : packed(sounds, Sharing::alone)) EXPECT_EQ(window.size(), 1U);
}

TEST(WhisperWords, TokensBecomeWordsOfTheirSounds) {
  std::vector<Token> tokens{{" Good", 0.4, -0.1}, {" mor", 0.6, -0.2}, {"ning", 0.9, -0.2}, {".", 1.0, 0}, {" Bye", 2.5, 0}};
  Window window{{0, 0, sound_rate, 0}, {1, 0, sound_rate, sound_rate + pause_between}};
  auto transcripts = placed(words_of(tokens), window, Sound(3 * sound_rate, 0.5F));
  EXPECT_EQ(transcripts[0].text, "Good morning.");
  EXPECT_EQ(transcripts[1].text, "Bye");
  EXPECT_NEAR(transcripts[1].words[0].end, 1.0, 0.001) << "in the sound's own time, and not past its end";
  EXPECT_NEAR(*transcripts[0].words[0].confidence, 0.905, 0.001);
}

TEST(WhisperWords, WhoRepeatsHimselfIsNotPlausible) {
  auto heard = [](int words, const std::string& word) {
    Transcript transcript;
    for (int i = 0; i < words; ++i) append(transcript, {.text = word, .words = {{word, 0, 0}}});
    return transcript;
  };
  Window second{{0, 0, sound_rate, 0}};
  for (auto [words, word, plausible] : {std::tuple{4, std::string("word"), true}, {0, "", false}, {20, "no", false}, {1, std::string(200, 'y'), false}})
    EXPECT_EQ(is_plausible(std::vector{heard(words, word)}, second), plausible) << words;
}

TEST(WhisperDeadline, SoundsThatTakeLongerAreOverdueEachByItself) {
  auto hears = whisper_maker({.deadline = std::chrono::milliseconds(1)})();
  ASSERT_TRUE(hears);
  for (int i = 0; i < 2; ++i)
    for (const auto& heard : (*hears)(std::vector{test::jfk(), test::librivox("0880")})) {
      ASSERT_FALSE(heard);
      EXPECT_TRUE(is_overdue(heard.error())) << to_string(heard.error());
    }
}

TEST(WhisperWords, WhatIsNoSpeechIsKnown) {
  for (const auto* text : {"[BLANK_AUDIO]", " (music)", "*sighs*", " ...", ""}) EXPECT_TRUE(is_no_speech(text)) << text;
  for (const auto* text : {"Hello.", "(He) left"}) EXPECT_FALSE(is_no_speech(text)) << text;
}

}  // namespace
}  // namespace loom::engines
