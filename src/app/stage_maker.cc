#include "app/stage_maker.h"

#include "app/web_service.h"
#include "engines/kinds.h"

namespace loom::app {

namespace {

/// Names of variables that options like `api_key_env` give, wherever in the stages they stand.
void gather_secrets(const config::Node& node, std::vector<std::string>& names) {
  for (const auto& [name, member] : node.members()) {
    if (name.ends_with("_env") && member.is_scalar()) names.push_back(member.scalar());
    gather_secrets(member, names);
  }
}
std::vector<std::string> secrets_of(const model::Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const auto& [group, stage] : catalogue.stages) gather_secrets(stage.node, names);
  return names;
}

}  // namespace

Result<stages::MadeStage> stage_maker(const model::Catalogue& catalogue, const model::StageSpec& stage,
                                      config::Faults& faults) {
  const auto* kind = stages::find_kind(stage.use);
  if (!kind)
    return fail(ErrorKind::configuration, "no stage kind '" + stage.use + "'",
                {.field = "stages." + stage.group.get() + ".use"});
  stages::StageEntry entry{stage.node, model::common_stage_keys(), {}, system_clock(), open_web_service, secrets_of(catalogue)};
  if (kind->engine != EngineWork::none) {
    auto engine = engines::make_engine(stage.engine, kind->engine, faults);
    if (!engine) return tl::unexpected(engine.error());
    entry.engine = std::move(*engine);
  }
  return kind->make(entry, faults);
}

namespace {

/// Whether what the stage needs can be loaded.
Result<void> opened_once(const Result<stages::MadeStage>& stage) {
  if (!stage) return tl::unexpected(stage.error());
  if (stage->joining) return stage->joining->open().map([](const auto&) {});
  return stage->make_handler().map([](const auto&) {});
}

}  // namespace

void check_engines(Loaded& loaded) {
  for (const auto& [group, stage] : loaded.catalogue.stages) {
    if (stage.use == "store") continue;
    auto before = loaded.faults.all().size();
    auto maker = stage_maker(loaded.catalogue, stage, loaded.faults);
    auto opened = opened_once(maker);
    if (!opened && loaded.faults.all().size() == before)
      loaded.faults.fault(stage.place, "stages." + group.get() + ": " + opened.error().message, opened.error().remedy);
  }
}

}  // namespace loom::app
