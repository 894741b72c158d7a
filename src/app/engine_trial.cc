#include "app/engine_trial.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/model_files.h"
#include "loom/json.h"

namespace loom::app {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(120);

std::int64_t resident_bytes() {
  std::int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::string report_of(const std::function<Result<engines::Called>()>& work) {
  auto before = resident_bytes();
  auto began = Steady::now();
  auto called = work();
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began).count();
  json::Writer report;
  report.field("milliseconds", took).field("bytes", resident_bytes() - before);
  if (called) report.field("version", called->version).field("settings", called->settings);
  if (!called) report.field("error", called.error().message).field("remedy", called.error().remedy);
  std::vector<std::string> files;
  for (const auto& file : asked_model_files())
    files.push_back(json::Writer{}
                        .field("name", file.name)
                        .field("path", file.path.value_or(""))
                        .field("whole", file.path.has_value())
                        .text());
  return report.raw("files", json::array_of(files)).text();
}

std::string text_at(const json::Value& value, std::string_view name) {
  auto member = value.get(name);
  return member && member->string() ? std::string(*member->string()) : std::string();
}

Trial read_report(const std::string& text, int status) {
  Trial trial;
  json::Document document;
  auto report = document.parse(text);
  if (!report) {
    trial.error = WIFSIGNALED(status) ? std::string("it ended its process: ") + strsignal(WTERMSIG(status))
                                      : std::string("it ended its process");
    trial.remedy = "look at what it wrote to stderr, and report it";
    return trial;
  }
  trial.error = text_at(*report, "error");
  trial.remedy = text_at(*report, "remedy");
  trial.version = text_at(*report, "version");
  trial.settings = text_at(*report, "settings");
  if (auto value = report->get("milliseconds")) trial.milliseconds = value->integer().value_or(0);
  if (auto value = report->get("bytes")) trial.bytes = value->integer().value_or(0);
  if (auto files = report->get("files"))
    files->each_element([&](json::Value file) {
      auto whole = file.get("whole");
      trial.files.push_back({text_at(file, "name"), text_at(file, "path"), whole && whole->boolean().value_or(false)});
    });
  return trial;
}

/// What the child writes, until it ends or the time is up.
std::string read_all_of(int from) {
  std::string text;
  char part[4096];
  for (auto end = Steady::now() + patience; true;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Steady::now()).count();
    struct pollfd waits {from, POLLIN, 0};
    if (left <= 0 || poll(&waits, 1, static_cast<int>(left)) <= 0) return {};
    auto count = read(from, part, sizeof part);
    if (count <= 0) return text;
    text.append(part, static_cast<std::size_t>(count));
  }
}

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    auto count = write(to, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

Trial tried(const std::function<Result<engines::Called>()>& work) {
  int ends[2];
  if (pipe(ends) != 0) return {.error = std::string("pipe: ") + std::strerror(errno), .remedy = {}};
  std::fflush(stdout);
  auto child = fork();
  if (child == 0) {
    close(ends[0]);
    write_all(ends[1], report_of(work));
    _exit(0);
  }
  close(ends[1]);
  auto text = child > 0 ? read_all_of(ends[0]) : std::string();
  close(ends[0]);
  if (child < 0) return {.error = std::string("fork: ") + std::strerror(errno), .remedy = {}};
  if (text.empty()) kill(child, SIGKILL);  // it hangs, or has ended already
  int status = 0;
  waitpid(child, &status, 0);
  return read_report(text, status);
}

}  // namespace loom::app
