// topic_mappings.yml: parsed and checked by itself; what it means for the catalogue is check.cc's.
#include <algorithm>
#include <array>

#include "model/mapping.h"
#include "model/reading.h"

namespace loom::model {
namespace {

using config::Faults;
using config::Node;

constexpr std::array<std::pair<std::string_view, Transform>, 3> transform_names{
    {{"base64_decode", Transform::base64_decode},
     {"timestamp_parse", Transform::timestamp_parse},
     {"json_stringify", Transform::json_stringify}}};
constexpr std::array<std::pair<std::string_view, OnConflict>, 3> strategies{
    {{"ignore", OnConflict::ignore}, {"update", OnConflict::update}, {"replace", OnConflict::replace}}};

template <class Table>
std::vector<std::string> names_in(const Table& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& [name, value] : table) names.emplace_back(name);
  return names;
}

/// The table's value of the name in `node`; a fault with the nearest name, and nullopt, where there is none.
template <class Table>
auto look_up(const Table& table, const Node& node, Faults& faults) -> std::optional<decltype(table[0].second)> {
  auto text = node.scalar();
  for (const auto& [name, value] : table)
    if (name == text) return value;
  faults.fault(node.place(), node.path() + ": unknown '" + text + "'", near_or_all(text, names_in(table)));
  return std::nullopt;
}

std::optional<ColumnType> read_type(const Node& node, Faults& faults) {
  auto type = column_type_of(node.scalar());
  if (!type)
    faults.fault(node.place(), node.path() + ": unknown '" + node.scalar() + "'",
                 near_or_all(node.scalar(), {"string", "integer", "float", "boolean", "timestamp", "array",
                                             "float_array", "json", "bytes", "uuid"}));
  return type;
}

struct Defaults {
  std::vector<std::string> key;
  OnConflict on_conflict = OnConflict::ignore;
};

std::optional<std::string> wrong_identifier(const std::string& name) {
  if (name.empty()) return "is an empty name";
  if (name.size() > 63) return "is longer than 63 bytes, PostgreSQL's limit";
  for (unsigned char c : name)
    if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) return "has a quote or control character";
  return std::nullopt;
}

std::string read_name(const Node& node, Faults& faults) {
  auto name = node.scalar();
  auto wrong = node.is_scalar() ? wrong_identifier(name) : std::optional<std::string>("is no name");
  if (wrong) faults.fault(node.place(), node.path() + ": " + *wrong, "name one column or table");
  return name;
}

std::string trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

/// "device_id, timestamp", or a list.
std::vector<std::string> read_names(const Node& node, Faults& faults) {
  std::vector<std::string> names;
  if (node.is_sequence()) {
    for (const auto& element : node.elements()) names.push_back(read_name(element, faults));
    return names;
  }
  auto text = node.scalar();
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    auto end = std::min(text.find(',', begin), text.size());
    auto name = trimmed(std::string_view(text).substr(begin, end - begin));
    if (auto wrong = wrong_identifier(name))
      faults.fault(node.place(), node.path() + ": " + *wrong, "write column names with commas between");
    names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

std::vector<FieldMapping> read_fields(const Node& node, Faults& faults) {
  std::vector<FieldMapping> fields;
  if (!is_section(node, faults)) return fields;
  for (const auto& [source, column] : node.members()) {
    if (source.empty() || source.front() == '.' || source.back() == '.' || source.find("..") != std::string::npos)
      faults.fault(column.place(), node.path() + ": '" + source + "' is no dotted path", "write it like data.latitude");
    fields.push_back({source, read_name(column, faults)});
  }
  return fields;
}

bool is_standard(const std::string& name) {
  const auto& columns = standard_columns();
  return std::any_of(columns.begin(), columns.end(), [&](const auto& column) { return column.name == name; });
}

ArrayMapping read_array(const std::string& path, const Node& node, Faults& faults) {
  ArrayMapping array;
  array.path = path;
  config::refuse_unknown(
      node, {"element_mappings", "sequence_field", "table", "foreign_key_mapping", "table_column_prefix"}, faults);
  array.elements = read_fields(node["element_mappings"], faults);
  if (array.elements.empty())
    faults.fault(node.place(), node.path() + ": has no element_mappings",
                 "say which part of an element fills which column");
  if (node["sequence_field"].present()) array.sequence_field = read_name(node["sequence_field"], faults);
  if (node["table"].present()) array.table = TableName{read_name(node["table"], faults)};
  auto foreign = node["foreign_key_mapping"];
  if (foreign.is_map())
    array.foreign_keys = read_fields(foreign, faults);
  else if (foreign.present())
    array.foreign_keys = {{"message_id", read_name(foreign, faults)}};
  for (const auto& key : array.foreign_keys)
    if (!is_standard(key.source))
      faults.fault(foreign.place(), foreign.path() + ": '" + key.source + "' is no column that every row has",
                   "name the parent's message_id, part, device_id, …");
  array.column_prefix = node["table_column_prefix"].scalar();
  return array;
}

void read_columns(const Node& node, TopicMapping& to, Faults& faults) {
  if (is_section(node["data_types"], faults))
    for (const auto& [column, type] : node["data_types"].members())
      if (auto known = read_type(type, faults)) to.types[column] = *known;
  if (is_section(node["transforms"], faults))
    for (const auto& [column, transform] : node["transforms"].members())
      if (auto known = look_up(transform_names, transform, faults)) to.transforms[column] = *known;
  if (is_section(node["defaults"], faults))
    for (const auto& [column, constant] : node["defaults"].members()) to.defaults[column] = json_of(constant);
  if (!node["required_fields"].present()) return;
  if (auto wrong = config::read_value(node["required_fields"], to.required))
    config::wrong_value(node["required_fields"], "required_fields", *wrong, faults);
}

std::vector<std::string> columns_of(const TopicMapping& mapping) {
  std::vector<std::string> columns;
  for (const auto& field : mapping.fields) columns.push_back(field.column);
  for (const auto& [column, constant] : mapping.defaults) columns.push_back(column);
  for (const auto& array : mapping.arrays) {
    for (const auto& element : array.elements) columns.push_back(array.column_prefix + element.column);
    columns.push_back(array.sequence_field);
    for (const auto& key : array.foreign_keys) columns.push_back(key.column);
  }
  for (const auto& column : standard_columns()) columns.emplace_back(column.name);
  return columns;
}

void check_columns(const Node& node, TopicMapping& mapping, Faults& faults) {
  if (mapping.shortest) return;  // columns are known when the table is
  auto columns = columns_of(mapping);
  auto is_mapped = [&](const std::string& column) {
    return std::find(columns.begin(), columns.end(), column) != columns.end();
  };
  auto warn_unmapped = [&](const Node& section) {
    for (const auto& [column, value] : section.members())
      if (!is_mapped(column))
        faults.warn(value.place(), value.path() + ": no field fills column '" + column + "'",
                    near_or_all(column, columns));
  };
  warn_unmapped(node["data_types"]);
  warn_unmapped(node["transforms"]);
  auto missing = std::find_if_not(mapping.key.begin(), mapping.key.end(), is_mapped);
  if (missing == mapping.key.end()) return;
  faults.warn(node["upsert_key"].present() ? node["upsert_key"].place() : node.place(),
              node.path() + ": key column '" + *missing + "' has no source, so the identity is the key",
              "map a field to it in field_mappings, or leave it out of upsert_key");
  mapping.key.clear();
}

void read_key(const Node& node, Defaults& to, Faults& faults) {
  if (node["upsert_key"].present()) to.key = read_names(node["upsert_key"], faults);
  if (node["conflict_strategy"].present())
    to.on_conflict = look_up(strategies, node["conflict_strategy"], faults).value_or(to.on_conflict);
}

void read_table(const Node& node, TopicMapping& to, Faults& faults) {
  if (!node["table"].present())
    faults.fault(node.place(), node.path() + ": has no table", "add 'table: NAME', where its rows go");
  else
    to.table = TableName{read_name(node["table"], faults)};
  to.description = node["description"].scalar();
}

TopicMapping read_topic(const std::string& topic, const Node& node, Defaults defaults, Faults& faults) {
  TopicMapping mapping;
  mapping.topic = TopicName{topic};
  mapping.place = node.place();
  if (auto wrong = wrong_topic_name(topic)) config::wrong_value(node, topic, *wrong, faults);
  if (!node.is_map()) {
    faults.fault(node.place(), node.path() + ": is no map", "write at least 'table: NAME'");
    return mapping;
  }
  config::refuse_unknown(node,
                         {"table", "description", "field_mappings", "data_types", "transforms", "required_fields",
                          "defaults", "upsert_key", "conflict_strategy", "array_mappings"},
                         faults);
  read_table(node, mapping, faults);
  read_key(node, defaults, faults);
  mapping.key = std::move(defaults.key);
  mapping.on_conflict = defaults.on_conflict;
  mapping.fields = read_fields(node["field_mappings"], faults);
  if (is_section(node["array_mappings"], faults))
    for (const auto& [path, array] : node["array_mappings"].members())
      if (is_section(array, faults)) mapping.arrays.push_back(read_array(path, array, faults));
  mapping.shortest = mapping.fields.empty() && mapping.arrays.empty();
  read_columns(node, mapping, faults);
  check_columns(node, mapping, faults);
  return mapping;
}

Defaults read_defaults(const Node& node, Mappings& to, Faults& faults) {
  Defaults defaults;
  if (!is_section(node, faults)) return defaults;
  config::refuse_unknown(
      node, {"upsert_key", "conflict_strategy", "timestamp_field", "device_id_field", "schema_version_field"}, faults);
  read_key(node, defaults, faults);
  to.timestamp_field = node["timestamp_field"].scalar();
  to.device_id_field = node["device_id_field"].scalar();
  to.schema_version_field = node["schema_version_field"].scalar();
  return defaults;
}

}  // namespace

Mappings read_mappings(const Node& root, Faults& faults) {
  Mappings mappings;
  if (!root.present() || root.kind() == Node::Kind::null) return mappings;
  if (!root.is_map()) {
    faults.fault(root.place(), "the mappings are no map", "write 'topics:' and under it a topic with its table");
    return mappings;
  }
  // transformations and data_type_mappings are documentation in existing files
  config::refuse_unknown(root, {"schema_version", "defaults", "topics", "transformations", "data_type_mappings"},
                         faults);
  auto defaults = read_defaults(root["defaults"], mappings, faults);
  if (!is_section(root["topics"], faults)) return mappings;
  for (const auto& [topic, node] : root["topics"].members())
    mappings.topics.emplace(TopicName{topic}, read_topic(topic, node, defaults, faults));
  return mappings;
}

}  // namespace loom::model
