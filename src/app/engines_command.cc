// loom engines: what each stage works with, whether it does, and what else there is.
#include <cstdio>
#include <set>

#include "app/commands.h"
#include "app/engine_trial.h"
#include "app/stage_maker.h"
#include "engines/kinds.h"
#include "loom/json.h"

namespace loom::app {
namespace {

struct Row {
  std::string group, stage, hint, engine;
  std::string server;  // its address; "": in this process
  Trial trial;
};

std::string name_of(const StageEngine& engine) { return engine.node["use"].scalar(); }

std::string server_of(const model::StageSpec& stage, const StageEngine& engine) {
  const auto* kind = engines::find_kind(name_of(engine));
  return kind ? engines::address_of(*kind, engine.node) : stage.node["url"].scalar();
}

std::vector<Row> rows_of(const model::Catalogue& catalogue) {
  std::vector<Row> rows;
  for (const auto& [group, stage] : catalogue.stages) {
    if (stage.use == "store") continue;
    for (const auto& engine : engines_of(stage))
      rows.push_back({group.get(), stage.use, engine.hint, name_of(engine), server_of(stage, engine),
                      tried([&catalogue, &stage = stage, &engine]() -> Result<engines::Called> {
                        config::Faults faults;
                        return call_engine(catalogue, stage, engine, faults);
                      })});
  }
  return rows;
}

/// Engines that no stage uses; those of this process are tried with their defaults.
std::vector<Row> unused_of(const model::Catalogue& catalogue) {
  std::set<std::string> used;
  for (const auto& [group, stage] : catalogue.stages)
    for (const auto& engine : engines_of(stage)) used.insert(name_of(engine));
  std::vector<Row> rows;
  for (const auto& kind : engines::kinds()) {
    std::string name(kind.name);
    if (used.contains(name)) continue;
    Row row{{}, {}, {}, name, {}, {}};
    if (kind.is_here)
      row.trial = tried([&]() -> Result<engines::Called> {
        config::Faults faults;
        auto node = config::Node::parse("{use: " + name + "}", "defaults", faults);
        return engines::make_engine(node, kind.work, faults).and_then(engines::called_once);
      });
    rows.push_back(std::move(row));
  }
  return rows;
}

void add_trial(json::Writer& to, const Trial& trial) {
  std::vector<std::string> files;
  for (const auto& file : trial.files)
    files.push_back(json::Writer{}
                        .field("name", file.name)
                        .field("path", file.path)
                        .field("checksum", file.is_whole ? "ok" : "bad")
                        .text());
  to.field("ok", trial.error.empty()).field("version", trial.version).field("settings", trial.settings);
  if (!trial.error.empty()) to.field("error", trial.error).field("remedy", trial.remedy);
  to.field("load_ms", trial.milliseconds).field("memory_bytes", trial.bytes).raw("files", json::array_of(files));
}

std::string to_json(const Row& row) {
  json::Writer to;
  to.field("group", row.group).field("stage", row.stage).field("engine", row.engine);
  if (!row.hint.empty()) to.field("hint", row.hint);
  if (!row.server.empty()) to.field("server", row.server);
  add_trial(to, row.trial);
  return to.text();
}

std::string unused_json(const Row& row) {
  const auto* kind = engines::find_kind(row.engine);
  json::Writer to;
  to.field("engine", row.engine).field("help", kind->help).field("needs_server", !kind->is_here);
  if (kind->is_here) add_trial(to, row.trial);
  return to.text();
}

void print_trial(const Row& row) {
  const auto& trial = row.trial;
  if (!trial.error.empty())
    std::printf("    DOWN: %s%s%s\n", trial.error.c_str(), trial.remedy.empty() ? "" : "; ", trial.remedy.c_str());
  else if (!row.server.empty())
    std::printf("    answers after %lld ms%s%s\n", static_cast<long long>(trial.milliseconds),
                trial.version.empty() ? "" : ": ", trial.version.c_str());
  else
    std::printf("    %s%sworks, loaded in %lld ms, %lld MB\n", trial.version.c_str(), trial.version.empty() ? "" : "; ",
                static_cast<long long>(trial.milliseconds), static_cast<long long>(trial.bytes >> 20));
  if (!trial.settings.empty()) std::printf("    %s\n", trial.settings.c_str());
  for (const auto& file : trial.files)
    std::printf("    %s %s\n", file.is_whole ? "checksum ok " : "CHECKSUM BAD", file.is_whole ? file.path.c_str() : file.name.c_str());
}

void print(const std::vector<Row>& rows, const std::vector<Row>& unused) {
  for (const auto& row : rows) {
    std::printf("%s (%s%s%s): %s%s%s\n", row.group.c_str(), row.stage.c_str(), row.hint.empty() ? "" : ", hint ", row.hint.c_str(),
                row.engine.empty() ? "no engine" : row.engine.c_str(), row.server.empty() ? "" : " at ", row.server.c_str());
    print_trial(row);
  }
  if (!unused.empty()) std::printf("not used:\n");
  for (const auto& row : unused) {
    const auto* kind = engines::find_kind(row.engine);
    std::printf("  %s: %s\n", row.engine.c_str(), std::string(kind->help).c_str());
    if (kind->is_here) print_trial(row);
  }
}

}  // namespace

int engines_command(const Common& common) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto rows = rows_of(loaded->catalogue), unused = unused_of(loaded->catalogue);
  bool is_any_down = false;
  for (const auto& row : rows) is_any_down = is_any_down || !row.trial.error.empty();
  if (!common.json) {
    print(rows, unused);
  } else {
    std::vector<std::string> used_json, others_json;
    for (const auto& row : rows) used_json.push_back(to_json(row));
    for (const auto& row : unused) others_json.push_back(unused_json(row));
    std::printf("%s\n", json::Writer{}
                            .field("ok", !is_any_down)
                            .raw("engines", json::array_of(used_json))
                            .raw("unused", json::array_of(others_json))
                            .text()
                            .c_str());
  }
  return is_any_down ? 69 : 0;
}

}  // namespace loom::app
