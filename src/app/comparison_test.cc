#include "app/comparison.h"

#include <gtest/gtest.h>

namespace loom::app {
namespace {

Answer answer(const std::string& json) {
  json::Document document;
  return read_answer(*document.parse(json));
}
Identity id(int n) { return {"id-" + std::to_string(n), ""}; }

TEST(Comparison, CountsWhatBecameOfEachMessage) {
  Comparison all(100);
  all.add(0, id(1), answer(R"({"text":"same","took_ms":10})"));
  all.add(1, id(1), answer(R"({"text":"same","took_ms":30})"));
  all.add(0, id(2), answer("{}"));
  all.add(0, id(3), answer("{}"));
  all.add(1, id(3), End::dead);
  all.add(0, id(4), End::dropped);
  all.add(1, id(4), End::dropped);
  auto compared = all.compare();
  EXPECT_EQ(compared.messages, 4U);
  EXPECT_EQ(compared.both, 1U);
  EXPECT_EQ(compared.only, (std::array<std::size_t, 2>{1, 0}));  // of 3 the other has a dead letter
  EXPECT_EQ(compared.dead, (std::array<std::size_t, 2>{0, 1}));
  EXPECT_EQ(compared.dropped, (std::array<std::size_t, 2>{1, 1}));
  EXPECT_EQ(compared.took_ms[0], 10);
  EXPECT_EQ(compared.took_ms[1], 30);
}

TEST(Comparison, ADeadLetterThatWasReplayedIsAnswered) {
  Comparison all(100);
  for (bool dead_first : {true, false}) {
    if (dead_first) all.add(0, id(1), End::dead);
    all.add(0, id(1), answer("{}"));
    if (!dead_first) all.add(0, id(1), End::dead);
    EXPECT_EQ(all.compare().dead[0], 0U);
    EXPECT_EQ(all.compare().only[0], 1U);
  }
}

TEST(Comparison, TheLeastAlikeComeFirst) {
  Comparison all(100);
  const std::pair<const char*, const char*> texts[] = {{"abcd", "abcd"}, {"abcd", "wxyz"}, {"abcd", "abyz"}};
  for (int n = 0; n < 3; ++n) {
    all.add(0, id(n), answer(R"({"text":")" + std::string(texts[n].first) + R"("})"));
    all.add(1, id(n), answer(R"({"text":")" + std::string(texts[n].second) + R"("})"));
  }
  auto compared = all.compare();
  ASSERT_EQ(compared.pairs.size(), 3U);
  EXPECT_EQ(compared.pairs[0].identity, id(1));
  EXPECT_EQ(compared.pairs[1].letters, 0.5);
  EXPECT_EQ(compared.pairs[2].letters, 1);
  EXPECT_EQ(compared.letters, 0.5);
}

TEST(Comparison, FieldsAgreeOrDiffer) {
  Comparison all(100);
  all.add(0, id(1), answer(R"({"label":"good","score":0.5,"same":1,"engine":"a","took_ms":1,"words":[1],"mine":true})"));
  all.add(1, id(1), answer(R"({"label":"bad","score":0.75,"same":1.0,"engine":"b","took_ms":2,"words":[2]})"));
  auto compared = all.compare();
  ASSERT_EQ(compared.fields.size(), 3U);
  EXPECT_EQ(compared.fields["label"].equal, 0U);
  EXPECT_EQ(compared.fields["score"].mean_difference, 0.25);
  EXPECT_EQ(compared.fields["same"].equal, 1U);
  EXPECT_EQ(compared.pairs[0].differing, (std::vector<std::string>{"label", "score"}));
  EXPECT_FALSE(compared.letters);
}

TEST(Comparison, OfTooManyBothSidesKeepTheSame) {
  constexpr int count = 2000, most = 100;
  Comparison all(most);
  for (int n = 0; n < count; ++n) all.add(0, id(n), answer("{}"));
  for (int n = count; n-- > 0;) all.add(1, id(n), answer("{}"));
  auto compared = all.compare();
  EXPECT_TRUE(all.is_sample());
  EXPECT_EQ(compared.messages, static_cast<std::size_t>(most));
  EXPECT_EQ(compared.both, static_cast<std::size_t>(most));
}

TEST(Comparison, LongTextsAreCutBetweenLetters) {
  std::string text(longest_text - 1, 'x');
  auto cut = answer(R"({"text":")" + text + "ää\"}").text;
  EXPECT_EQ(cut, text);
}

}  // namespace
}  // namespace loom::app
