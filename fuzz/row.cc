// A record's value → its row and its elements' rows, by a mapping that has every type, in both databases' columns.
#include "fuzz.h"
#include "model/message.h"
#include "sink/rows.h"
#include "sink/schema.h"
#include "sink/types.h"

namespace {

using namespace loom;

constexpr auto mapping_text = R"(
topics:
  t:
    table: "x"
    field_mappings: {data.s: s, data.i: i, data.f: f, data.b: b, data.t: t, data.a: a, data.fa: fa, data.j: j, data.y: y,
                     data.u: u, data.d.0.e: s, data.x: x, data.z: z, metadata: m}
    data_types: {s: string, i: integer, f: float, b: boolean, t: timestamp, a: array, fa: float_array, j: json, y: bytes,
                 u: uuid, x: string, z: string, m: json, w: string, v: float}
    transforms: {y: base64_decode, x: timestamp_parse, z: json_stringify}
    required_fields: [data.s]
    defaults: {i: 7}
    array_mappings:
      data.list: {table: "y", element_mappings: {w: w, v: v}}
  u: {table: "rest", description: "the shortest form"}
)";

sink::LiveTable table_of(const sink::TablePlan& plan, sink::Dialect dialect) {
  sink::LiveTable live{plan.table, {}, {}};
  for (const auto& column : plan.columns) {
    sink::LiveColumn made;
    made.name = column.name;
    made.native = made.sql_type = sink::ddl_type(column.type, dialect);
    made.type = column.type;
    made.not_null = column.not_null;
    live.columns.push_back(made);
  }
  for (const auto& key : plan.keys) live.unique.push_back({"key", key});
  return live;
}

struct Bindings {
  model::Mappings mappings;
  std::vector<sink::Binding> whole, elements;
  Bindings() {
    config::Faults faults;
    mappings = model::read_mappings(config::Node::parse(mapping_text, "m.yml", faults), faults);
    fuzz::holds(!faults.any_fault(), faults.text().c_str());
    for (auto dialect : {sink::Dialect::sqlite, sink::Dialect::postgres})
      for (const auto& plan : sink::wanted_tables(mappings))
        for (const auto& mapping : model::all_mappings(mappings))
          if (mapping.table == plan.table) {
            auto bound = sink::bind(mappings, mapping, table_of(plan, dialect), dialect);
            fuzz::holds(bound.has_value(), "the mapping fits its own tables");
            (plan.table.get() == "y" ? elements : whole).push_back(*bound);
          }
    fuzz::holds(whole.size() == 4 && elements.size() == 2, "three tables in two databases");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static Bindings bindings;
  static json::Document document;
  model::Record::Parts parts;
  parts.topic = "t", parts.timestamp_ms = 1'764'000'000'000;
  parts.value.assign(reinterpret_cast<const char*>(bytes), size);
  auto record = model::Record::of(std::move(parts));
  auto message = model::decode(record, "cluster", document);
  if (!message) return 0;
  for (const auto& binding : bindings.whole)
    if (auto row = sink::to_row(binding, record, *message))
      fuzz::holds(row->cells.size() == binding.columns.size(), "a row has a cell a column");
  for (const auto& binding : bindings.elements)
    if (auto rows = sink::to_element_rows(binding, "data.list", record, *message))
      for (const auto& row : *rows) fuzz::holds(row.cells.size() == binding.columns.size(), "so has an element's");
  return 0;
}
