// loom.yaml: any text is faults with places, or a catalogue that the offline checks can walk.
#include "fuzz.h"
#include "model/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom;
  config::Faults faults;
  auto root = config::Node::parse({reinterpret_cast<const char*>(bytes), size}, "loom.yaml", faults);
  auto catalogue = model::read_catalogue(root, {}, {"store", "ocr", "vad", "command"}, faults);
  model::Mappings mappings;
  model::add_mapped_topics(catalogue, mappings);
  if (!faults.any_fault()) model::check_offline(catalogue, mappings, faults);
  (void)faults.text();
  return 0;
}
