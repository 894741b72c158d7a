#include "app/stage_maker.h"

#include "engines/kinds.h"

namespace loom::app {

Result<stages::MakeHandler> stage_maker(const model::StageSpec& stage, config::Faults& faults) {
  const auto* kind = stages::find_kind(stage.use);
  if (!kind)
    return fail(ErrorKind::configuration, "no stage kind '" + stage.use + "'",
                {.field = "stages." + stage.group.get() + ".use"});
  stages::StageEntry entry{stage.node, model::common_stage_keys(), {}, system_clock()};
  if (kind->engine == stages::NeedsEngine::text_reader) {
    auto reader = engines::make_text_reader(stage.engine, faults);
    if (!reader) return tl::unexpected(reader.error());
    entry.make_reader = std::move(*reader);
  }
  return kind->make(entry, faults);
}

void check_engines(Loaded& loaded) {
  for (const auto& [group, stage] : loaded.catalogue.stages) {
    if (stage.use == "store") continue;
    auto before = loaded.faults.all().size();
    auto maker = stage_maker(stage, loaded.faults);
    auto handler = maker ? (*maker)() : tl::unexpected(maker.error());
    if (!handler && loaded.faults.all().size() == before)
      loaded.faults.fault(stage.place, "stages." + group.get() + ": " + handler.error().message,
                          handler.error().remedy);
  }
}

}  // namespace loom::app
