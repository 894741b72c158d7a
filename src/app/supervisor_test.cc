#include "app/supervisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/temp_folder.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class SupervisorTest : public testing::Test {
 protected:
  [[nodiscard]] ChildSpec shell(const std::string& name, const std::string& script, int drain_order = 0) const {
    return {name,
            {
                {"/bin/sh", "-c", script},
                folder_.string(),
                "",
            },
            drain_order,
            "",
            {}};
  }
  [[nodiscard]] std::string text(const std::string& file) const {
    std::ostringstream all;
    all << std::ifstream(folder_ / file).rdbuf();
    return all.str();
  }
  [[nodiscard]] std::size_t lines(const std::string& file) const {
    auto all = text(file);
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
  }
  static testing::AssertionResult steps_until(Supervisor& supervisor, const std::function<bool()>& done) {
    auto end = std::chrono::steady_clock::now() + 60s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return testing::AssertionFailure() << "waited a minute in vain";
      (void)supervisor.step(10ms);
    }
    return testing::AssertionSuccess();
  }

  test::TempFolder temp_;
  fs::path folder_ = temp_.path();
  SupervisorOptions quick_{{1ms, 4ms, 60s}, 20s};
};

TEST(RestartDelay, doubles_up_to_its_limit) {
  RestartSchedule schedule;
  const std::vector<std::pair<int, int>> expected{{1, 200},    {2, 400},    {3, 800},
                                                  {8, 25'600}, {9, 30'000}, {1000, 30'000}};
  for (auto [deaths, delay] : expected)
    EXPECT_EQ(restart_delay(schedule, deaths), std::chrono::milliseconds(delay)) << deaths;
}

TEST_F(SupervisorTest, restarts_a_child_that_dies) {
  Supervisor supervisor(quick_, Log::silent());
  supervisor.start(shell("dying", "echo run >> runs; kill -9 $$"));
  EXPECT_TRUE(steps_until(supervisor, [&] { return lines("runs") >= 4; }));
  EXPECT_GE(supervisor.children()[0].exits, 3);
  EXPECT_EQ(supervisor.drain(), 0);
}

TEST_F(SupervisorTest, hears_of_deaths_though_it_was_started_with_sigchld_ignored) {
  auto before = signal(SIGCHLD, SIG_IGN);
  {
    Supervisor supervisor(quick_, Log::silent());
    supervisor.start(shell("dying", "echo run >> runs; exit 3"));
    EXPECT_TRUE(steps_until(supervisor, [&] { return lines("runs") >= 2; }));
    EXPECT_EQ(supervisor.drain(), 0);
  }
  signal(SIGCHLD, before);
}

TEST_F(SupervisorTest, restarts_a_child_that_ends_well) {
  Supervisor supervisor(quick_, Log::silent());
  supervisor.start(shell("done", "echo run >> runs"));
  EXPECT_TRUE(steps_until(supervisor, [&] { return lines("runs") >= 2; }));
}

TEST_F(SupervisorTest, leaves_a_child_with_a_wrong_configuration_and_says_so_in_the_end) {
  for (int code : {64, 78}) {
    Supervisor supervisor(quick_, Log::silent());
    supervisor.start(shell("refused", "exit " + std::to_string(code)));
    supervisor.start(shell("fine", "echo up > fine; sleep 600 & wait"));
    EXPECT_TRUE(steps_until(
        supervisor, [&] { return supervisor.children()[0].state == ChildState::refused && lines("fine") == 1; }));
    EXPECT_TRUE(supervisor.step(20ms));
    EXPECT_EQ(supervisor.children()[0].exits, 1);
    EXPECT_EQ(supervisor.children()[1].state, ChildState::running);
    EXPECT_EQ(supervisor.drain(), 78);
  }
}

TEST_F(SupervisorTest, a_missing_program_is_tried_again) {
  Supervisor supervisor(quick_, Log::silent());
  supervisor.start({"late", {{(folder_ / "late").string()}, "", ""}, 0, "", {}});
  EXPECT_EQ(supervisor.children()[0].state, ChildState::waiting);
  std::ofstream(folder_ / "late") << "#!/bin/sh\necho run >> " << (folder_ / "runs").string() << "\nsleep 600 & wait\n";
  fs::permissions(folder_ / "late", fs::perms::owner_all);
  EXPECT_TRUE(steps_until(supervisor, [&] { return lines("runs") == 1; }));
}

TEST_F(SupervisorTest, prepares_before_each_start) {
  Supervisor supervisor(quick_, Log::silent());
  int starts = 0;
  auto spec = shell("prepared", "exit 1");
  spec.before_start = [&] { ++starts; };
  supervisor.start(spec);
  EXPECT_TRUE(steps_until(supervisor, [&] { return starts == 3; }));
}

TEST_F(SupervisorTest, drains_in_order_when_a_signal_comes) {
  Supervisor supervisor(quick_, Log::silent());
  auto child = [&](const std::string& name, int order) {
    supervisor.start(
        shell(name, "trap 'echo " + name + " >> order; exit 0' TERM; echo >> up; sleep 600 & wait", order));
  };
  child("kafka", 3);
  child("sink", 2);
  child("api", 0);
  child("stage", 1);
  EXPECT_TRUE(steps_until(supervisor, [&] { return lines("up") == 4; }));
  raise(SIGINT);  // to this thread: another test's may be left that blocks no signal
  EXPECT_FALSE(supervisor.step(10s));
  EXPECT_EQ(supervisor.drain(), 0);
  EXPECT_EQ(text("order"), "api\nstage\nsink\nkafka\n");
  for (const auto& status : supervisor.children()) EXPECT_EQ(status.state, ChildState::stopped) << status.name;
}

TEST_F(SupervisorTest, kills_a_child_that_does_not_stop_and_all_it_started) {
  quick_.grace = 50ms;
  ASSERT_EQ(mkfifo((folder_ / "life").c_str(), 0600), 0);
  int life = open((folder_ / "life").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  Supervisor supervisor(quick_, Log::silent());
  supervisor.start(shell("deaf", "trap '' TERM; exec 3> life; echo >> up; sh -c 'while :; do sleep 600; done'"));
  EXPECT_TRUE(steps_until(supervisor, [&] { return lines("up") == 1; }));
  EXPECT_EQ(supervisor.drain(), 0);
  fcntl(life, F_SETFL, 0);
  char byte = 0;
  EXPECT_EQ(read(life, &byte, 1), 0);  // nobody is left who holds the other end
  close(life);
}

TEST_F(SupervisorTest, its_children_die_when_it_is_killed) {
  ASSERT_EQ(mkfifo((folder_ / "life").c_str(), 0600), 0);
  auto supervising = fork();
  if (supervising == 0) {
    Supervisor supervisor(quick_, Log::silent());
    supervisor.start(shell("child", "exec 3> life; echo up >&3; exec sleep 600"));
    while (supervisor.step(1s)) {
    }
    _exit(1);
  }
  int life = open((folder_ / "life").c_str(), O_RDONLY | O_CLOEXEC);
  char bytes[16];
  EXPECT_EQ(read(life, bytes, sizeof bytes), 3);
  kill(supervising, SIGKILL);
  waitpid(supervising, nullptr, 0);
  EXPECT_EQ(read(life, bytes, sizeof bytes), 0);  // the end of the file: the child is gone
  close(life);
}

TEST_F(SupervisorTest, children_see_neither_ctrl_c_nor_blocked_signals) {
  Supervisor supervisor(quick_, Log::silent());
  supervisor.start(shell("child",  // the shell blocks signals while it starts a program: it reads its mask by itself
                         "while read name mask; do [ $name != SigBlk: ] || echo $mask > blocked; done < /proc/$$/status; "
                         "ps -o pgid= -p $$ > group; echo >> up; sleep 600 & wait"));
  EXPECT_TRUE(steps_until(supervisor, [&] { return lines("up") == 1; }));
  EXPECT_EQ(std::stoi(text("group")), supervisor.children()[0].pid);
  EXPECT_EQ(text("blocked"), "0000000000000000\n");
}

}  // namespace
}  // namespace loom::app
