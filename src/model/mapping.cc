#include "model/mapping.h"

#include <array>

namespace loom::model {
namespace {

constexpr std::array<std::pair<std::string_view, ColumnType>, 10> column_types{
    {{"string", ColumnType::string},
     {"integer", ColumnType::integer},
     {"float", ColumnType::floating},
     {"boolean", ColumnType::boolean},
     {"timestamp", ColumnType::timestamp},
     {"array", ColumnType::array},
     {"float_array", ColumnType::float_array},
     {"json", ColumnType::json},
     {"bytes", ColumnType::bytes},
     {"uuid", ColumnType::uuid}}};

}  // namespace

std::optional<ColumnType> column_type_of(std::string_view name) {
  for (const auto& [known, type] : column_types)
    if (known == name) return type;
  return std::nullopt;
}

std::string_view name_of(ColumnType type) {
  for (const auto& [name, known] : column_types)
    if (known == type) return name;
  return "string";
}

TopicMapping mapping_of_elements(const TopicMapping& parent, const ArrayMapping& array) {
  TopicMapping child;
  child.topic = parent.topic;
  auto last_step = array.path.substr(array.path.rfind('.') + 1);
  child.table = array.table.value_or(TableName{parent.table.get() + "_" + last_step});
  for (const auto& element : array.elements) child.fields.push_back({element.source, array.column_prefix + element.column});
  child.fields.push_back({std::string(sequence_source), array.sequence_field});
  child.types[array.sequence_field] = ColumnType::integer;
  for (const auto& key : array.foreign_keys) child.fields.push_back(key);
  for (const auto& field : child.fields) {
    if (auto type = parent.types.find(field.column); type != parent.types.end()) child.types.insert(*type);
    if (auto made = parent.transforms.find(field.column); made != parent.transforms.end()) child.transforms.insert(*made);
  }
  child.key = {"message_id", "part", array.sequence_field};
  child.on_conflict = parent.on_conflict;
  child.place = parent.place;
  return child;
}

std::vector<TopicMapping> all_mappings(const Mappings& mappings) {
  std::vector<TopicMapping> all;
  for (const auto& [topic, mapping] : mappings.topics) {
    all.push_back(mapping);
    for (const auto& array : mapping.arrays) all.push_back(mapping_of_elements(mapping, array));
  }
  return all;
}

const std::vector<StandardColumn>& standard_columns() {
  static const std::vector<StandardColumn> columns{
      {"message_id", ColumnType::uuid, false},       {"part", ColumnType::string, false},
      {"message_type", ColumnType::string, true},    {"device_id", ColumnType::string, true},
      {"recorded_at", ColumnType::timestamp, false}, {"timestamp", ColumnType::timestamp, false},
      {"pipeline_hint", ColumnType::string, true},   {"trace_id", ColumnType::string, true},
      {"kafka_topic", ColumnType::string, false},    {"kafka_partition", ColumnType::integer, false},
      {"kafka_offset", ColumnType::integer, false},  {"fingerprint", ColumnType::string, false}};
  return columns;
}

}  // namespace loom::model
