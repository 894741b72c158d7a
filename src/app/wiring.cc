#include "app/wiring.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/bytes.h"
#include "base/secrets.h"
#include "model/check.h"
#include "stages/kinds.h"

namespace loom::app {
namespace {

std::atomic<bool>& stop_flag() {
  static std::atomic<bool> flag{false};
  return flag;
}

std::vector<std::string> stage_kind_names() {
  std::vector<std::string> names{"store"};
  for (const auto& kind : stages::kinds()) names.emplace_back(kind.name);
  return names;
}

void refuse_unknown_variables(const config::Environment& environment, config::Faults& faults) {
  std::vector<std::string> known{"LOOM_HOME", "LOOM_SEND_KEY"};
  for (const auto& [section, docs] : model::catalogue_docs())
    for (const auto& option : docs) known.push_back(option.environment);
  for (const auto& [name, value] : environment.values) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto near = nearest(name, known);
    faults.fault({"environment", 0}, "unknown variable '" + name + "'",
                 near.empty() ? "unset it, or see 'loom docs' for those there are" : "did you mean '" + near + "'?");
  }
}

}  // namespace

Loaded load(const Common& common) {
  Loaded loaded;
  auto environment = config::Environment::of_process();
  refuse_unknown_variables(environment, loaded.faults);
  auto root = config::Node::load(common.config, loaded.faults);
  if (!root.present()) return loaded;
  auto named = config::with_secrets(root, {"kafka", "database", "api"}, loaded.faults);
  root = named.root;
  loaded.catalogue = model::read_catalogue(root, environment, stage_kind_names(), loaded.faults);
  loaded.catalogue.secret_variables = std::move(named.variables);
  if (loaded.catalogue.store()) {
    auto mappings = config::Node::load(loaded.catalogue.mappings_file, loaded.faults);
    if (mappings.present()) loaded.mappings = model::read_mappings(mappings, loaded.faults);
  }
  model::add_mapped_topics(loaded.catalogue, loaded.mappings);
  if (!loaded.faults.any_fault()) model::check_offline(loaded.catalogue, loaded.mappings, loaded.faults);
  return loaded;
}

std::optional<Loaded> load_or_report(const Common& common) {
  auto loaded = load(common);
  if (!loaded.faults.any_fault()) return loaded;
  for (const auto& fault : loaded.faults.all()) {
    if (fault.severity != config::Severity::fault) continue;
    std::fprintf(stderr, "loom: %s: %s%s%s\n", to_string(fault.place).c_str(), fault.message.c_str(),
                 fault.remedy.empty() ? "" : ": ", fault.remedy.c_str());
  }
  return std::nullopt;
}

Log log_of(const model::Catalogue& catalogue, std::string part) {
  auto level = catalogue.log_level == "debug"   ? LogLevel::debug
               : catalogue.log_level == "warn"  ? LogLevel::warn
               : catalogue.log_level == "error" ? LogLevel::error
                                                : LogLevel::info;
  return Log::to_stderr(std::move(part), level);
}

Log tool_log(const model::Catalogue& catalogue, std::string part) {
  return catalogue.log_level == "debug" ? log_of(catalogue, std::move(part)) : Log::silent();
}

std::string instance_name() {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  return std::string(host) + "-" + std::to_string(getpid());
}

const std::atomic<bool>& stop_on_signals() {
  stop_flag();
  struct sigaction action {};
  action.sa_handler = [](int) { stop_flag().store(true); };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return stop_flag();
}

int report(const Error& error) {
  std::fprintf(stderr, "loom: %s\n", to_string(error).c_str());
  return traits_of(error.kind).exit_code;
}

std::vector<TopicName> inputs_of(const Loaded& loaded, const model::StageSpec& stage) {
  if (stage.input) return {*stage.input};
  std::vector<TopicName> topics;
  for (const auto& [topic, mapping] : loaded.mappings.topics) topics.push_back(topic);
  return topics;
}

}  // namespace loom::app
