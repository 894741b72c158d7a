#include "stages/command/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
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

/// As execve wants them.
std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

struct Image {
  std::vector<char*> argv, environment;
};

void limit(int resource, std::size_t most) {
  rlimit64 now{};
  if (::getrlimit64(static_cast<__rlimit_resource>(resource), &now) != 0 || now.rlim_max < most) return;
  now.rlim_cur = now.rlim_max = most;
  ::setrlimit64(static_cast<__rlimit_resource>(resource), &now);
}

/// Between fork and exec: nothing here may allocate.
[[noreturn]] void become(const ChildCommand& command, const Image& image, const Pipe& in, const Pipe& out, int failed, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::setpgid(0, 0);  // Ctrl-C reaches its parent only
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(in.read, STDIN_FILENO);
  ::dup2(out.write, STDOUT_FILENO);
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  limit(RLIMIT_CORE, 0);  // a core would hold messages
  if (command.max_memory > 0) limit(RLIMIT_DATA, command.max_memory);
  if (command.folder.empty() || ::chdir(command.folder.c_str()) == 0)
    ::execvpe(image.argv[0], image.argv.data(), image.environment.data());
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
  const Image image{pointers_to(command.argv), pointers_to(command.environment)};
  Pipe in, out, failed;
  auto parent = ::getpid();
  pid_t pid = in.open() && out.open() && failed.open() ? ::fork() : -1;
  if (pid == 0) become(command, image, in, out, failed.write, parent);
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
  sent_ -= to_write_.size();
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
  return fail(ErrorKind::internal, "the program " + how_it_ended(),
              {.field = {}, .remedy = "see what it wrote to stderr", .code = {}});
}

std::size_t Child::taken() const {
  int unread = 0;
  ::ioctl(in_, FIONREAD, &unread);
  return sent_ - to_write_.size() - static_cast<std::size_t>(unread);
}

void Child::allow_cpu(std::chrono::seconds time) const {
  clockid_t clock{};
  timespec used{};
  rlimit limits{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return;
  if (::prlimit(pid_, RLIMIT_CPU, nullptr, &limits) != 0) return;
  limits.rlim_cur = std::min(limits.rlim_max, static_cast<rlim_t>(used.tv_sec + 1 + time.count()));
  ::prlimit(pid_, RLIMIT_CPU, &limits, nullptr);
}

/// Its end follows that of its output at once, but for a program that closed it and goes on.
std::string Child::how_it_ended() const {
  pollfd end{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)), POLLIN, 0};
  if (end.fd >= 0) {
    ::poll(&end, 1, 1000);
    ::close(end.fd);
  }
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (info.si_pid == 0) return "closed its output";
  if (info.si_code == CLD_EXITED) return "ended with exit code " + std::to_string(info.si_status);
  if (info.si_status == SIGXCPU) return "was ended: it used more CPU time than it may (max_cpu_s)";
  return "was ended by signal " + std::to_string(info.si_status) + " (" + ::strsignal(info.si_status) + ")";
}

}  // namespace loom::stages
