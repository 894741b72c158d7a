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
