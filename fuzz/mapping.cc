// topic_mappings.yml: any text is a fault or tables, and their SQL.
#include "fuzz.h"
#include "sink/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom;
  config::Faults faults;
  auto root = config::Node::parse({reinterpret_cast<const char*>(bytes), size}, "topic_mappings.yml", faults);
  auto mappings = model::read_mappings(root, faults);
  (void)faults.text();
  if (faults.any_fault()) return 0;
  for (const auto& wanted : sink::wanted_tables(mappings))
    for (auto dialect : {sink::Dialect::sqlite, sink::Dialect::postgres})
      for (const auto& change : sink::plan(wanted, std::nullopt, dialect))
        for (const auto& sql : change.sql) fuzz::holds(sql.find('\0') == std::string::npos, "SQL has no NUL");
  return 0;
}
