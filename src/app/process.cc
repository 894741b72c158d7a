#include "app/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

namespace loom::app {
namespace {

/// All that the child needs, laid out before the fork: nothing may be allocated between fork and exec.
struct Prepared {
  const char* program;
  char* const* argv;
  const char* folder;
  const char* output_file;
  pid_t parent;
  int failure;  // errno of a failed exec is written here
};

void give_standard_streams(const char* output_file) {
  int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  if (*output_file) {
    int output = open(output_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (output >= 0) dup2(output, 2);
  }
  dup2(2, 1);
}

[[noreturn]] void become(const Prepared& it) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != it.parent) _exit(70);  // the parent died before prctl
  sigset_t none;
  sigemptyset(&none);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  bool ready = *it.folder == 0 || chdir(it.folder) == 0;
  if (ready) {
    give_standard_streams(it.output_file);
    close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    execv(it.program, it.argv);
  }
  int error = errno;
  if (write(it.failure, &error, sizeof error) < 0) _exit(71);
  _exit(70);
}

tl::unexpected<Error> no_process(const std::string& program) {
  return fail(ErrorKind::unavailable, "can't start '" + program + "': " + std::strerror(errno),
              {.remedy = "end other processes or raise the limit"});
}

/// What the child reports of its exec: nothing when it went well.
std::optional<int> failure_of(int pipe_end) {
  int error = 0;
  ssize_t got = 0;
  do got = read(pipe_end, &error, sizeof error);
  while (got < 0 && errno == EINTR);
  return got == sizeof error ? std::optional(error) : std::nullopt;
}

Exit from_status(int status) { return WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0}; }

Exit reap(pid_t pid) {
  kill(-pid, SIGKILL);  // before the number is given back: it still names this group only
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return from_status(status);
}

}  // namespace

std::string to_string(const Exit& exit) {
  return exit.signal ? "signal " + std::to_string(exit.signal) : "exit code " + std::to_string(exit.code);
}

Result<pid_t> spawn(const Command& command) {
  auto program = find_program(command.argv.at(0));
  if (program.empty())
    return fail(ErrorKind::not_found, "no program '" + command.argv[0] + "'", {.remedy = "install it or correct PATH"});
  std::vector<char*> argv;
  for (const auto& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return no_process(program);
  Prepared prepared{program.c_str(), argv.data(), command.folder.c_str(), command.output_file.c_str(),
                    getpid(),        ends[1]};
  auto pid = fork();
  if (pid == 0) become(prepared);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return no_process(program);
  }
  setpgid(pid, pid);  // both sides do it, so that neither has to wait
  auto failure = failure_of(ends[0]);
  close(ends[0]);
  if (!failure) return pid;
  reap(pid);
  return fail(ErrorKind::not_found, "can't run '" + program + "': " + std::strerror(*failure),
              {.remedy = "check the file and its permissions"});
}

std::optional<Exit> exit_of(pid_t pid) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
    return std::nullopt;
  return reap(pid);
}

Exit wait_for_exit(pid_t pid) {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  return reap(pid);
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    auto candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0 && !std::filesystem::is_directory(candidate)) return candidate;
  }
  return "";
}

}  // namespace loom::app
