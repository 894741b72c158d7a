// Real programs: python3, as users write them.
#include "stages/command/command.h"

#include <gtest/gtest.h>

#include "loom/json.h"

namespace loom::stages {
namespace {

class CommandTest : public testing::Test {
 protected:
  /// What becomes of messages whose `n` is given, by the body of a loop over `n` and `id`.
  std::vector<std::string> outcomes(const std::string& body, const std::vector<std::string>& values, double timeout_s = 10,
                                    std::uint64_t max_output = 1 << 20) {
    if (!command_) {
      auto program = "import sys, json, os, time\nfor line in sys.stdin:\n  it = json.loads(line); id = it['id']; n = it['message']['n']\n"
                     "  answer = lambda **more: print(json.dumps({'id': id, **more}), flush=True)\n  " + body;
      command_ = std::make_unique<Command>(CommandOptions{{"python3", "-c", program}, 8, timeout_s, {max_output}}, "");
    }
    std::vector<std::string> texts;
    std::vector<Envelope> messages(values.size());
    for (const auto& value : values) texts.push_back(R"({"n":)" + value + "}");
    for (std::size_t i = 0; i < values.size(); ++i) messages[i].json = texts[i];
    std::vector<std::string> all;
    for (const auto& outcome : command_->handle(messages)) all.push_back(name_of(outcome));
    return all;
  }
  static std::string name_of(const Outcome& outcome) {
    if (auto* drop = std::get_if<Drop>(&outcome)) return "drop " + drop->reason;
    if (auto* retry = std::get_if<Retry>(&outcome)) return "retry " + std::string(traits_of(retry->error.kind).name);
    if (auto* reject = std::get_if<Reject>(&outcome)) return "reject " + reject->error.message;
    std::string all;
    for (const auto& message : std::get<Emit>(outcome).messages) all += message.result + message.part_step;
    return all;
  }
  using Names = std::vector<std::string>;
  std::unique_ptr<Command> command_;
};

TEST_F(CommandTest, AnswersComeBackToTheirMessages) {
  EXPECT_EQ(outcomes("answer(result={'n': n + 1})", {"1", "2", "3"}), (Names{R"({"n": 2})", R"({"n": 3})", R"({"n": 4})"}));
  EXPECT_EQ(outcomes("", {"7"}), (Names{R"({"n": 8})"})) << "the same program goes on";
}

TEST_F(CommandTest, EachKindOfAnswerIsAnOutcome) {
  EXPECT_EQ(outcomes("answer(**[{'drop': 'dull'}, {'error': 'no'}, {'error': 'later', 'retry': True}, {'results': [{'a': 1}, {'a': 2}]}][n])",
                     {"0", "1", "2", "3"}),
            (Names{"drop dull", "reject no", "retry unavailable", R"({"a": 1}0{"a": 2}1)"}));
}

TEST_F(CommandTest, AnswersMayComeInAnyOrder) {
  EXPECT_EQ(outcomes("kept = globals().setdefault('kept', []); kept.append((id, n))\n"
                     "  if len(kept) == 3: [print(json.dumps({'id': i, 'result': {'n': m}}), flush=True) for i, m in reversed(kept)]",
                     {"1", "2", "3"}),
            (Names{R"({"n": 1})", R"({"n": 2})", R"({"n": 3})"}));
}

TEST_F(CommandTest, OneThatBreaksTheProgramBreaksNobodyElses) {
  for (const auto* breaks : {"os._exit(3)", "print('rubbish', flush=True)", "print(json.dumps({'id': 99, 'result': {}}), flush=True)"}) {
    SCOPED_TRACE(breaks);
    command_.reset();
    auto all = outcomes(std::string("answer(result={}) if n else ") + breaks, {"1", "0", "2"});
    EXPECT_EQ(all[0], "{}");
    EXPECT_TRUE(all[1].starts_with("retry") || all[1].starts_with("reject")) << all[1];
    EXPECT_EQ(all[2], "{}");
  }
}

TEST_F(CommandTest, AProgramThatHangsIsStartedAgain) {
  auto all = outcomes("answer(result={}) if n else time.sleep(1000)", {"0"}, 0.3);
  EXPECT_EQ(all, (Names{"retry timeout"}));
  EXPECT_EQ(outcomes("", {"1"}), (Names{"{}"}));
}

TEST_F(CommandTest, ALineThatIsTooLongIsCutOff) {
  auto all = outcomes("answer(result={'x': 'y' * 1000000})", {"1"}, 10, 10000);
  EXPECT_EQ(all, (Names{"retry malformed"}));
}

TEST_F(CommandTest, LargeMessagesDoNotBlockEitherSide) {
  auto large = "\"" + std::string(3 << 20, 'x') + "\"";
  EXPECT_EQ(outcomes("answer(result={'n': len(n)})", {large, large, large, large}),
            Names(4, R"({"n": 3145728})"));
}

TEST_F(CommandTest, AMessageWithLineBreaksIsOneLine) {
  EXPECT_EQ(outcomes("answer(result={'n': n})", {"\n7\r\n"}), (Names{R"({"n": 7})"}));
}

TEST_F(CommandTest, AProgramThatIsNotThereIsNamed) {
  Command command({{"no-such-program"}, 1, 1, {1000}}, "");
  auto started = command.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::configuration);
  EXPECT_NE(started.error().message.find("no-such-program"), std::string::npos);
}

}  // namespace
}  // namespace loom::stages
