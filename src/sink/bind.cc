#include <algorithm>

#include "loom/json.h"
#include "sink/convert.h"
#include "sink/schema.h"
#include "sink/types.h"

namespace loom::sink {
namespace {

using model::ColumnType;

struct Binder {
  const model::Mappings& mappings;
  const model::TopicMapping& mapping;
  const LiveTable& live;
  Dialect dialect;
  Binding made{};

  [[nodiscard]] bool same(std::string_view a, std::string_view b) const { return same_name(a, b, dialect); }
};

tl::unexpected<Error> trouble(const Binder& binder, const std::string& message, std::string remedy) {
  return fail(ErrorKind::schema, "table '" + binder.live.name.get() + "': " + message,
              {.field = binder.live.name.get(), .remedy = std::move(remedy)});
}

template <class Map>
auto value_of(const Binder& binder, const Map& map, const std::string& column) -> const typename Map::mapped_type* {
  for (const auto& [name, value] : map)
    if (binder.same(name, column)) return &value;
  return nullptr;
}

ColumnType type_of(const Binder& binder, const LiveColumn& column) {
  const auto* declared = value_of(binder, binder.mapping.types, column.name);
  return declared && *column.type == ColumnType::string ? *declared : *column.type;
}

Result<Cell> constant(const BoundColumn& column, const std::string& text) {
  json::Document document;
  auto value = document.parse("{\"default\":" + text + "}");
  if (!value) return tl::unexpected(value.error());
  auto member = value->get("default");
  if (!member || member->is_null()) return Null{};
  auto plain = column;
  plain.transform = model::Transform::none;
  auto cell = convert(plain, Source{"its default", *member, text});
  if (!cell) return tl::unexpected(cell.error().error);
  return *std::move(cell);
}

/// The sources of a column; true when anything fills it.
bool find_sources(const Binder& binder, BoundColumn& column) {
  for (const auto& field : binder.mapping.fields)
    if (binder.same(field.column, column.name)) column.paths.push_back(field.source);
  if (column.paths.empty()) column.standard = standard_of(column.name);
  if (column.paths.size() == 1 && column.transform == model::Transform::none)
    column.standard = standard_of(column.paths.front());
  if (column.standard == Standard::device_id) column.foreign_path = binder.mappings.device_id_field;
  if (column.standard == Standard::recorded_at) column.foreign_path = binder.mappings.timestamp_field;
  if (!column.paths.empty() || column.standard != Standard::none) return true;
  if (binder.mapping.shortest) {
    column.paths = {column.name, "data." + column.name};
    column.by_name = true;
    return true;
  }
  return value_of(binder, binder.mapping.defaults, column.name) != nullptr;
}

Result<void> add(Binder& binder, const LiveColumn& live) {
  if (live.generated) return {};
  BoundColumn column{.name = live.name, .native = live.native, .sql_type = live.sql_type};
  column.decimal = live.decimal, column.not_null = live.not_null, column.has_default = live.has_default;
  if (const auto* transform = value_of(binder, binder.mapping.transforms, live.name)) column.transform = *transform;
  if (!find_sources(binder, column)) return {};
  if (!live.type) {
    if (column.by_name && live.has_default) return {};
    return trouble(binder, "column '" + live.name + "' is " + live.native + ", a type that Loom cannot write",
                   "take it out of the mapping, or give it a type such as text or timestamptz");
  }
  column.type = type_of(binder, live);
  if (const auto* text = value_of(binder, binder.mapping.defaults, live.name)) {
    auto cell = constant(column, *text);
    if (!cell) return trouble(binder, cell.error().message, "change the default, or the column");
    column.fallback = *std::move(cell);
  }
  binder.made.columns.push_back(std::move(column));
  return {};
}

std::optional<std::size_t> index_of(const Binder& binder, std::string_view name) {
  for (std::size_t i = 0; i < binder.made.columns.size(); ++i)
    if (binder.same(binder.made.columns[i].name, name)) return i;
  return std::nullopt;
}

Result<void> check_mapped(const Binder& binder) {
  auto check = [&](const std::string& column) -> Result<void> {
    if (index_of(binder, column)) return {};
    return trouble(binder, "column '" + column + "' is missing, topic '" + binder.mapping.topic.get() + "' maps to it",
                   "run 'loom tables apply'");
  };
  for (const auto& field : binder.mapping.fields)
    if (auto found = check(field.column); !found) return found;
  for (const auto& [column, text] : binder.mapping.defaults)
    if (auto found = check(column); !found) return found;
  return {};
}

Result<void> find_key(Binder& binder, const std::vector<std::string>& key) {
  for (const auto& name : key) {
    auto index = index_of(binder, name);
    if (!index) return trouble(binder, "key column '" + name + "' is missing", "run 'loom tables apply'");
    binder.made.key.push_back(*index);
  }
  bool unique = std::any_of(binder.live.unique.begin(), binder.live.unique.end(),
                            [&](const auto& index) { return covers(index, key, binder.dialect); });
  if (unique) return {};
  std::string names;
  for (const auto& name : key) names += (names.empty() ? "" : ", ") + name;
  return trouble(binder, "there is no unique index on its key (" + names + ")", "run 'loom tables apply'");
}

void choose_rest(Binder& binder) {
  for (auto& column : binder.made.columns) {
    bool own = column.name == "data" || column.name == "metadata" || column.name == "results";
    if (!column.by_name || column.type != ColumnType::json || own) continue;
    column.rest = true;
    return;
  }
}

void find_identity(Binder& binder) {
  for (std::size_t i = 0; i < binder.made.columns.size(); ++i) {
    auto standard = binder.made.columns[i].standard;
    if (standard == Standard::message_id) binder.made.message_id = i;
    if (standard == Standard::part) binder.made.part = i;
    if (standard == Standard::fingerprint) binder.made.fingerprint = i;
  }
}

}  // namespace

Result<Binding> bind(const model::Mappings& mappings, const model::TopicMapping& mapping, const LiveTable& live,
                     Dialect dialect) {
  Binder binder{mappings, mapping, live, dialect};
  binder.made.topic = mapping.topic;
  binder.made.table = live.name;
  binder.made.required = mapping.required;
  binder.made.on_conflict = mapping.on_conflict;
  for (const auto& column : live.columns)
    if (auto added = add(binder, column); !added) return tl::unexpected(added.error());
  if (auto found = check_mapped(binder); !found) return tl::unexpected(found.error());
  if (auto found = find_key(binder, key_of(mappings, mapping)); !found) return tl::unexpected(found.error());
  if (mapping.shortest) choose_rest(binder);
  for (auto& column : binder.made.columns)
    if (column.paths.size() == 1 && column.paths.front() == model::sequence_source)
      column.standard = Standard::sequence, column.paths.clear();
  find_identity(binder);
  return std::move(binder.made);
}

}  // namespace loom::sink
