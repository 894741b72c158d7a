#include "stages/kinds.h"

#include <algorithm>
#include <array>

#include "stages/ocr/ocr.h"

namespace loom::stages {
namespace {

template <class S>
Result<S> read_entry(config::Options<S> options, const StageEntry& entry, config::Faults& faults) {
  for (const auto& key : entry.common_keys) options.also(key);
  config::Faults own;
  auto read = options.read(entry.node, own);
  for (const auto& fault : own.all()) faults.fault(fault.place, fault.message, fault.remedy);
  if (own.any_fault()) return fail(ErrorKind::configuration, "stage " + entry.node.path() + " has faults");
  return read;
}

Result<MadeStage> make_ocr(const StageEntry& entry, config::Faults& faults) {
  auto options = read_entry(ocr_options(), entry, faults);
  if (!options) return tl::unexpected(options.error());
  MadeStage stage;
  stage.make_handler = [options = *options, make_reader = std::get<MakeTextReader>(entry.engine),
                        clock = entry.clock]() -> Result<BatchHandler> {
    auto reader = make_reader();
    if (!reader) return tl::unexpected(reader.error());
    return BatchHandler([ocr = Ocr{options, std::move(*reader), clock}](std::span<const Envelope> messages) {
      std::vector<Outcome> outcomes;
      for (const auto& message : messages) outcomes.push_back(read_text(ocr, message));
      return outcomes;
    });
  };
  return stage;
}

constexpr std::array<StageKind, 1> all{{
    {"ocr", "Reads the text of a picture (`data.image_data`: PNG, JPEG or WebP as base64).", EngineWork::reads_pictures,
     [] { return ocr_options().docs(); }, make_ocr},
}};

}  // namespace

std::span<const StageKind> kinds() { return all; }

const StageKind* find_kind(std::string_view name) {
  const auto* found = std::find_if(all.begin(), all.end(), [name](const StageKind& kind) { return kind.name == name; });
  return found == all.end() ? nullptr : found;
}

}  // namespace loom::stages
