#include "app/stage_maker.h"

#include <algorithm>

#include "app/web_service.h"
#include "engines/kinds.h"
#include "stages/by_hint.h"

namespace loom::app {
namespace {

/// A stage's entry on the way to its handlers: the entry, and the same with what a hint says.
struct Making {
  const stages::StageKind& kind;
  std::vector<std::string> secrets;
  engines::SharedWeights weights = std::make_shared<engines::Weights>();

  Result<stages::MadeStage> made(const config::Node& entry, const config::Node& engine, config::Faults& faults) const {
    stages::StageEntry whole{entry, model::common_stage_keys(), {}, system_clock(), open_web_service, secrets};
    if (kind.engine != EngineWork::none) {
      auto made = engines::make_engine(engine, kind.engine, faults, weights);
      if (!made) return tl::unexpected(made.error());
      whole.engine = std::move(*made);
    }
    return kind.make(whole, faults);
  }

  Result<stages::MadeStage> made_for_hint(const config::Node& entry, const config::Node& hint, config::Faults& faults) const;
};

/// Another engine has other options: it takes none of the stage's.
config::Node engine_for(const config::Node& own, const config::Node& hints) {
  auto use = hints["use"];
  return use.present() && use.scalar() != own["use"].scalar() ? hints : own.with(hints);
}

/// What is wrong with the entry itself is said once, and not again for each hint.
void add_new(const config::Faults& from, config::Faults& to) {
  for (const auto& fault : from.all()) {
    auto is_told = std::any_of(to.all().begin(), to.all().end(), [&fault](const config::Fault& told) {
      return told.message == fault.message && told.place.line == fault.place.line;
    });
    if (!is_told) to.fault(fault.place, fault.message, fault.remedy);
  }
}

Result<stages::MadeStage> Making::made_for_hint(const config::Node& entry, const config::Node& hint,
                                                config::Faults& faults) const {
  config::Faults own;
  std::vector<std::string> known;
  for (const auto& option : kind.options()) known.push_back(option.name);
  if (kind.engine != EngineWork::none) known.emplace_back("engine");
  config::refuse_unknown(hint, known, own);
  auto made = this->made(entry.with(hint), engine_for(entry["engine"], hint["engine"]), own);
  add_new(own, faults);
  if (own.any_fault()) return fail(ErrorKind::configuration, hint.path() + " has faults");
  return made;
}

Result<stages::MadeStage> with_hints(const Making& making, const config::Node& entry, stages::MadeStage base,
                                     config::Faults& faults) {
  auto hints = entry["hints"];
  if (!hints.is_map() || base.joining) {
    auto what = hints.path() + (base.joining ? ": a stage that joins messages has no options per hint" : " is no map of hints");
    faults.fault(hints.place(), what, "write {HINT: {option: value}}, or one stage a hint with 'when: {pipeline_hint: HINT}'");
    return fail(ErrorKind::configuration, what);
  }
  std::map<std::string, stages::MadeStage> made;
  bool is_whole = true;
  for (const auto& [name, hint] : hints.members()) {
    auto one = making.made_for_hint(entry, hint, faults);
    is_whole = is_whole && one;
    if (one) made.emplace(name, std::move(*one));
  }
  if (!is_whole) return fail(ErrorKind::configuration, hints.path() + " has faults");
  return stages::by_hint(std::move(base), std::move(made));
}

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
  names.insert(names.end(), catalogue.secret_variables.begin(), catalogue.secret_variables.end());
  return names;
}

void check_output(const model::Catalogue& catalogue, const model::StageSpec& stage, std::size_t needed,
                  config::Faults& faults) {
  auto topic = stage.output ? catalogue.topics.find(*stage.output) : catalogue.topics.end();
  if (topic == catalogue.topics.end() || topic->second.max_message_bytes.count >= needed) return;
  faults.warn(topic->second.place,
              "topic '" + topic->first.get() + "' allows " + to_string(topic->second.max_message_bytes) + ", its stage '" +
                  stage.group.get() + "' may put out " + std::to_string(needed) + " bytes and would wait with them",
              "raise its max_message_bytes, or let the stage put out less");
}

}  // namespace

Result<stages::MadeStage> stage_maker(const model::Catalogue& catalogue, const model::StageSpec& stage,
                                      config::Faults& faults) {
  const auto* kind = stages::find_kind(stage.use);
  if (!kind)
    return fail(ErrorKind::configuration, "no stage kind '" + stage.use + "'",
                {.field = "stages." + stage.group.get() + ".use"});
  Making making{*kind, secrets_of(catalogue)};
  auto base = making.made(stage.node, stage.engine, faults);
  if (base) check_output(catalogue, stage, base->largest_output, faults);
  if (!base || !stage.node["hints"].present()) return base;
  return with_hints(making, stage.node, std::move(*base), faults);
}

namespace {

/// Whether what the stage needs can be loaded.
Result<void> opened_once(const stages::MadeStage& stage) {
  if (!stage.program.empty()) return {};
  if (stage.joining) return stage.joining->open().map([](const auto&) {});
  return stage.make_handler().map([](const auto&) {});
}

}  // namespace

std::vector<StageEngine> engines_of(const model::StageSpec& stage) {
  std::vector<StageEngine> all{{"", stage.engine}};
  for (const auto& [name, hint] : stage.node["hints"].members())
    if (hint["engine"].present()) all.push_back({name, engine_for(stage.engine, hint["engine"])});
  return all;
}

Result<engines::Called> call_engine(const model::Catalogue& catalogue, const model::StageSpec& stage,
                                    const StageEngine& which, config::Faults& faults) {
  constexpr config::Milliseconds patience{5000};
  auto made = stage_maker(catalogue, stage, faults);
  if (!made) return tl::unexpected(made.error());
  const auto* engine = engines::find_kind(which.node["use"].scalar());
  if (engine && engine->is_here)
    return engines::make_engine(which.node, engine->work, faults).and_then(engines::called_once);
  if (auto opened = opened_once(*made); !opened) return tl::unexpected(opened.error());
  if (!engine && !stage.node["url"].present()) return engines::Called{};
  constexpr engines::EngineKind service{.name = "service", .help = {}};  // use: http, whose options have the same names
  auto said = engines::ask_health(engine ? *engine : service, engine ? which.node : stage.node, patience);
  return said.map([](const std::string& text) { return engines::Called{text, {}}; });
}

namespace {

Result<void> check(const Loaded& loaded, const model::StageSpec& stage, EngineCheck how, config::Faults& faults) {
  if (how == EngineCheck::options) return stage_maker(loaded.catalogue, stage, faults).map([](const auto&) {});
  for (const auto& engine : engines_of(stage))
    if (auto called = call_engine(loaded.catalogue, stage, engine, faults); !called)
      return tl::unexpected(called.error());
  return {};
}

std::ptrdiff_t count(const config::Faults& faults) {
  return std::count_if(faults.all().begin(), faults.all().end(),
                       [](const auto& one) { return one.severity == config::Severity::fault; });
}

}  // namespace

void check_engines(Loaded& loaded, EngineCheck how) {
  for (const auto& [group, stage] : loaded.catalogue.stages) {
    if (stage.use == "store") continue;
    auto before = count(loaded.faults);
    auto result = check(loaded, stage, how, loaded.faults);
    if (!result && count(loaded.faults) == before)
      loaded.faults.fault(stage.place, "stages." + group.get() + ": " + result.error().message, result.error().remedy);
  }
}

}  // namespace loom::app
