#include "stages/command/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace loom::stages {
namespace {

struct Pipe {
  int read = -1, write = -1;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = ends[0], write = ends[1];
    return true;
  }
  void close() const {
    if (read >= 0) ::close(read);
    if (write >= 0) ::close(write);
  }
};

[[noreturn]] void become(const ChildCommand& command, char** argv, const Pipe& in, const Pipe& out, int failed, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::setpgid(0, 0);  // Ctrl-C reaches its parent only
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(in.read, STDIN_FILENO);
  ::dup2(out.write, STDOUT_FILENO);
  if (command.folder.empty() || ::chdir(command.folder.c_str()) == 0) ::execvp(argv[0], argv);
  int code = errno;
  (void)!::write(failed, &code, sizeof code);
  ::_exit(127);
}

/// What kept the program from being started; 0 when nothing did: the pipe closes with the new program.
int failure_of(const Pipe& pipe) {
  int code = 0;
  while (::read(pipe.read, &code, sizeof code) < 0 && errno == EINTR) {
  }
  return code;
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(const ChildCommand& command) {
  static const bool ignored = (::signal(SIGPIPE, SIG_IGN), true);  // a write to a program that ended is an error code
  (void)ignored;
  std::vector<char*> argv;
  for (const auto& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  Pipe in, out, failed;
  auto parent = ::getpid();
  pid_t pid = in.open() && out.open() && failed.open() ? ::fork() : -1;
  if (pid == 0) become(command, argv.data(), in, out, failed.write, parent);
  if (pid < 0) {
    in.close(), out.close(), failed.close();
    return fail(ErrorKind::unavailable, "no process can be started: " + std::string(std::strerror(errno)));
  }
  ::close(in.read), ::close(out.write), ::close(failed.write);
  auto code = failure_of(failed);
  ::close(failed.read);
  std::unique_ptr<Child> child(new Child(pid, in.write, out.read, command.longest_line));
  for (int end : {in.write, out.read}) ::fcntl(end, F_SETFL, O_NONBLOCK);
  if (code != 0)
    return fail(ErrorKind::configuration, "'" + command.argv.front() + "' cannot be run: " + std::strerror(code),
                {.remedy = "install it, or correct the stage's command"});
  return child;
}

Child::~Child() {
  ::close(in_), ::close(out_);
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Result<std::string> Child::read_line(Time deadline) {
  while (true) {
    auto end = read_.find('\n', looked_);
    if (end != std::string::npos) {
      auto line = read_.substr(0, end);
      read_.erase(0, end + 1);
      looked_ = 0;
      return line;
    }
    looked_ = read_.size();
    if (read_.size() > longest_)
      return fail(ErrorKind::malformed, "the program wrote a line of more than " + std::to_string(longest_) + " bytes",
                  {.remedy = "write shorter results, or raise the stage's max_output"});
    if (auto ready = wait(deadline); !ready) return tl::unexpected<Error>(ready.error());
  }
}

Result<void> Child::wait(Time deadline) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  if (left <= 0) return fail(ErrorKind::timeout, "the program did not answer in time");
  std::array<pollfd, 2> ends{{{out_, POLLIN, 0}, {in_, static_cast<short>(to_write_.empty() ? 0 : POLLOUT), 0}}};
  auto count = to_write_.empty() ? 1 : 2;
  if (::poll(ends.data(), static_cast<nfds_t>(count), static_cast<int>(std::min<std::int64_t>(left, 60000))) < 0 && errno != EINTR)
    return fail(ErrorKind::internal, std::string("poll: ") + std::strerror(errno));
  if (count == 2 && ends[1].revents != 0)
    if (auto written = write_some(); !written) return written;
  return ends[0].revents != 0 ? read_some() : Result<void>{};
}

Result<void> Child::write_some() {
  auto count = ::write(in_, to_write_.data(), to_write_.size());
  if (count > 0) to_write_.erase(0, static_cast<std::size_t>(count));
  if (count >= 0 || errno == EAGAIN || errno == EINTR) return {};
  to_write_.clear();  // it reads no more; what it wrote before may still come
  return {};
}

Result<void> Child::read_some() {
  std::array<char, 65536> buffer{};
  auto count = ::read(out_, buffer.data(), buffer.size());
  if (count > 0) {
    read_.append(buffer.data(), static_cast<std::size_t>(count));
    return {};
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  return fail(ErrorKind::internal, "the program ended", {.remedy = "see what it wrote to stderr"});
}

}  // namespace loom::stages
