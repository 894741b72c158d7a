// Real programs: python3, as users write them.
#include "stages/command/command.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "loom/deadline.h"
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
      if (options_.command.empty()) options_.command = {"python3", "-c", program};
      options_.timeout_s = timeout_s;
      options_.max_output = {max_output};
      command_ = std::make_unique<Command>(options_, "", secrets_);
    }
    std::vector<std::string> texts;
    std::vector<Envelope> messages(values.size());
    for (const auto& value : values) texts.push_back(R"({"n":)" + value + "}");
    for (std::size_t i = 0; i < values.size(); ++i) messages[i].json = texts[i];
    std::vector<std::string> all;
    for (const auto& outcome : command_->handle(messages)) all.push_back(name_of(outcome));
    return all;
  }
  std::string name_of(const Outcome& outcome) {
    if (auto* drop = std::get_if<Drop>(&outcome)) return "drop " + drop->reason;
    if (auto* retry = std::get_if<Retry>(&outcome)) {
      error_ = retry->error.message;
      return "retry " + std::string(traits_of(retry->error.kind).name);
    }
    if (auto* reject = std::get_if<Reject>(&outcome)) return "reject " + reject->error.message;
    std::string all;
    for (const auto& message : std::get<Emit>(outcome).messages) all += message.result + message.part_step;
    return all;
  }
  using Names = std::vector<std::string>;
  CommandOptions options_;
  std::vector<std::string> secrets_;
  std::string error_;  // of the last Retry
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

TEST_F(CommandTest, AMessageThatTakesTooLongIsBlamedAProgramThatAnswersNobodyIsAway) {
  const std::string kind_of_2 = "answer(result={}) if n == 1 else time.sleep(60)";
  auto kind = [&](const std::string& n) -> std::string_view {
    std::vector<Envelope> one(1);
    auto text = R"({"n":)" + n + "}";
    one[0].json = text;
    auto outcome = command_->handle(one)[0];
    auto* retry = std::get_if<Retry>(&outcome);
    return !retry ? "answered" : is_overdue(retry->error) ? "overdue" : traits_of(retry->error.kind).name;
  };
  auto until_1_is_answered = [&] {  // a slow start takes several
    std::string_view last;
    for (int tries = 0; tries < 100 && last != "answered"; ++tries) last = kind("1");
    return last;
  };
  (void)outcomes(kind_of_2, {"1"}, 2);
  EXPECT_EQ(until_1_is_answered(), "answered");
  EXPECT_EQ(kind("2"), "overdue");
  EXPECT_EQ(kind("2"), "timeout");
  EXPECT_EQ(until_1_is_answered(), "answered");
  EXPECT_EQ(kind("2"), "overdue");
}

TEST_F(CommandTest, AProgramThatHangsIsStartedAgain) {
  auto all = outcomes("answer(result={}) if n else time.sleep(1000)", {"0"}, 2);
  EXPECT_EQ(all, (Names{"retry timeout"}));
  for (int tries = 0; tries < 100 && all != Names{"{}"}; ++tries) all = outcomes("", {"1"});  // a slow start takes several
  EXPECT_EQ(all, (Names{"{}"}));
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

TEST_F(CommandTest, AProgramThatEndsBeforeItReadsIsNotStartedInAHotLoopAndBlamesNoMessage) {
  auto count_file = testing::TempDir() + "loom_command_starts_" + std::to_string(::getpid());
  options_.command = {"sh", "-c", "echo >> " + count_file + "; exit 3"};
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(outcomes("", {"1", "2", "3", "4"}), Names(4, "retry unavailable"));
  std::ifstream file(count_file);
  auto starts = std::count(std::istreambuf_iterator<char>(file), {}, '\n');
  std::remove(count_file.c_str());
  EXPECT_GE(starts, 1);
  EXPECT_LE(starts, 10);
}

TEST_F(CommandTest, AProgramThatTalksBeforeItIsAskedBlamesNoMessage) {
  options_.command = {"sh", "-c", "echo ready; exec sleep 1000"};
  EXPECT_EQ(outcomes("", {"1", "2"}), Names(2, "retry unavailable"));
}

TEST_F(CommandTest, AProgramThatRenewsItselfIsStartedAgainAtOnce) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcomes("answer(result={}); os._exit(0)", {"1"}), (Names{"{}"}));
}

TEST_F(CommandTest, MemoryIsLimited) {
  options_.max_memory = {200 << 20};
  auto body = "answer(result={'n': len(bytearray(n << 20))})";
  EXPECT_EQ(outcomes(body, {"10"}), (Names{R"({"n": 10485760})"}));
  EXPECT_EQ(outcomes(body, {"500"}), (Names{"retry internal"}));
  EXPECT_NE(error_.find("ended with exit code 1"), std::string::npos) << error_;
  EXPECT_EQ(outcomes(body, {"10"}), (Names{R"({"n": 10485760})"}));
}

TEST_F(CommandTest, CpuTimeIsLimited) {
  options_.max_cpu_s = 1;
  auto body = "answer(result={}) if n else any(iter(int, 1))";
  EXPECT_EQ(outcomes(body, {"1"}, 300), (Names{"{}"}));
  EXPECT_EQ(outcomes(body, {"0"}), (Names{"retry internal"}));
  EXPECT_NE(error_.find("max_cpu_s"), std::string::npos) << error_;
  EXPECT_EQ(outcomes(body, {"1"}), (Names{"{}"}));
}

TEST_F(CommandTest, TheConfigurationsSecretsAreNotInItsEnvironment) {
  for (const auto* name : {"LOOM_DATABASE_URL", "PGPASSWORD", "COMMAND_TEST_KEY", "COMMAND_TEST_OWN"}) ::setenv(name, "secret", 1);
  secrets_ = {"COMMAND_TEST_KEY", "COMMAND_TEST_OWN"};
  options_.pass_env = {"COMMAND_TEST_OWN"};
  auto all = outcomes("answer(result={'seen': sorted(k for k, v in os.environ.items() if v == 'secret'), 'path': 'PATH' in os.environ})", {"1"});
  for (const auto* name : {"LOOM_DATABASE_URL", "PGPASSWORD", "COMMAND_TEST_KEY", "COMMAND_TEST_OWN"}) ::unsetenv(name);
  EXPECT_EQ(all, (Names{R"({"seen": ["COMMAND_TEST_OWN"], "path": true})"}));
}

TEST_F(CommandTest, NothingElseThatIsOpenHereIsOpenThere) {
  int open = ::dup(2);
  auto all = outcomes("answer(result={'open': [f for f in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + f)]})", {"1"});
  ::close(open);
  EXPECT_EQ(all, (Names{R"({"open": ["0", "1", "2"]})"}));
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
