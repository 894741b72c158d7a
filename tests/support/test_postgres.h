// A PostgreSQL server of a test's own: on a socket in a temporary folder, gone with this object, and with the test
// process even when that is killed. Runs as user postgres when the test runs as root (initdb refuses root).
//   TestPostgres server;  if (!server.url()) GTEST_SKIP();  open_database(*server.url("mydb"), …)
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_folder.h"

namespace loom::test {

struct PostgresSettings {
  bool fsync = false;
  std::vector<std::string> settings;  // "shared_buffers=256MB"
};

class TestPostgres {
 public:
  explicit TestPostgres(PostgresSettings settings = {}) {
    if (binary("postgres").empty()) return;
    chmod(folder_.path().c_str(), 0755);
    data_ = folder_.path() + "/data";
    std::filesystem::create_directory(data_);
    if (geteuid() == 0)
      if (auto* user = getpwnam("postgres"); !user || chown(data_.c_str(), user->pw_uid, user->pw_gid) != 0) return;
    if (wait_for(
            spawn({binary("initdb"), "-D", data_, "-U", "postgres", "--auth=trust", "-N", "-E", "UTF8", "--locale=C"},
                  "initdb")) != 0)
      return;
    std::vector<std::string> command{binary("postgres"), "-D", data_, "-k", data_, "-c", "listen_addresses="};
    if (!settings.fsync) command.insert(command.end(), {"-F"});
    for (const auto& one : settings.settings) command.insert(command.end(), {"-c", one});
    server_ = spawn(command, "server");
    started_ = wait_until_ready();
  }
  TestPostgres(const TestPostgres&) = delete;
  TestPostgres& operator=(const TestPostgres&) = delete;
  ~TestPostgres() { stop(); }

  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] std::string url(const std::string& database = "postgres") const {
    return "postgresql:///" + database + "?user=postgres&host=" + data_;
  }
  /// Runs psql; true when it succeeds.
  bool sql(const std::string& text, const std::string& database = "postgres") const {
    return wait_for(spawn({binary("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", data_, "-U", "postgres", "-d",
                           database, "-c", text},
                          "psql")) == 0;
  }
  void stop(int signal = SIGINT) {
    if (server_ <= 0) return;
    kill(server_, signal);
    wait_for(server_);
    server_ = 0, started_ = false;
  }

 private:
  static std::string binary(const std::string& name) {
    std::error_code ignored;
    if (const char* folder = std::getenv("LOOM_TEST_POSTGRES"))  // the programs of another version
      if (auto path = std::filesystem::path(folder) / name; std::filesystem::exists(path, ignored)) return path.string();
    std::string newest;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      auto path = version.path() / "bin" / name;
      if (std::filesystem::exists(path) && path.string() > newest) newest = path.string();
    }
    return newest;
  }

  pid_t spawn(const std::vector<std::string>& command, const std::string& log) const {
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    auto* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
    auto output = folder_.path() + "/" + log + ".log";
    pid_t parent = getpid(), child = fork();
    if (child != 0) return child;
    int file = ::open(output.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
    dup2(file, 1), dup2(file, 2);
    if (user &&
        (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
      _exit(126);
    if (chdir("/") != 0) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
    if (getppid() != parent) _exit(126);
    execv(words[0], words.data());
    _exit(127);
  }

  static int wait_for(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  /// The server writes "ready" into its pid file's eighth line.
  bool wait_until_ready() {
    for (int i = 0; i < 600; ++i) {
      std::ifstream file(data_ + "/postmaster.pid");
      std::string line;
      for (int n = 0; n < 8; ++n) std::getline(file, line);
      if (line.starts_with("ready")) return true;
      if (waitpid(server_, nullptr, WNOHANG) == server_) return server_ = 0, false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

  TempFolder folder_;
  std::string data_;
  pid_t server_ = 0;
  bool started_ = false;
};

}  // namespace loom::test
