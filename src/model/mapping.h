// topic_mappings.yml: which topic goes to which table, and how. Pure: text in, values out (to_row is in rows.h).
// The grammar is design.md §5's; the document's shortest form (table, description) is a whole mapping.
//   Faults faults;  auto mappings = read_mappings(Node::load("topic_mappings.yml", faults), faults);
// Errors: faults and warnings with places. Threads: read once at start, then const.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "loom/named.h"

namespace loom::model {

enum class ColumnType { string, integer, floating, boolean, timestamp, array, float_array, json, bytes, uuid };
[[nodiscard]] std::optional<ColumnType> column_type_of(std::string_view name);
[[nodiscard]] std::string_view name_of(ColumnType type);

enum class Transform { none, base64_decode, timestamp_parse, json_stringify };
enum class OnConflict { ignore, update, replace };

struct FieldMapping {
  std::string source;  // dotted path in the message
  std::string column;
};

/// One row an element, in a table of its own (or the entries of an object, as key and value).
struct ArrayMapping {
  std::string path;
  std::vector<FieldMapping> elements;      // dotted path in the element → column; of scalars `value`, of entries `key`
  std::vector<FieldMapping> foreign_keys;  // standard column of the message → column
  std::string sequence_field = "sequence"; // the column of the element's number, from 0
  std::string column_prefix;
  std::optional<TableName> table;          // <the topic's table>_<last step of the path> without
};

struct TopicMapping {
  TopicName topic;
  TableName table;
  std::string description;
  bool shortest = false;             // no field_mappings: columns are matched by name
  std::vector<FieldMapping> fields;  // file order is precedence
  std::map<std::string, ColumnType> types;
  std::map<std::string, Transform> transforms;
  std::vector<std::string> required;            // source paths
  std::map<std::string, std::string> defaults;  // column → constant, as JSON text
  std::vector<std::string> key;                 // upsert key columns; empty: the identity
  OnConflict on_conflict = OnConflict::ignore;
  std::vector<ArrayMapping> arrays;
  config::Place place;
};

struct Mappings {
  std::map<TopicName, TopicMapping> topics;
  // Where foreign records keep these, when not under Loom's own names (`defaults`); "" = not said.
  std::string timestamp_field, device_id_field, schema_version_field;
};

/// The mapping of an array's rows, as of a topic of its own: each is read from the element instead of the message.
[[nodiscard]] TopicMapping mapping_of_elements(const TopicMapping& parent, const ArrayMapping& array);
/// The source of the sequence column in it: no path of a message.
inline constexpr std::string_view sequence_source = ".sequence";
/// Every table that is fed: the topics' own and those of their arrays.
[[nodiscard]] std::vector<TopicMapping> all_mappings(const Mappings& mappings);

[[nodiscard]] Mappings read_mappings(const config::Node& root, config::Faults& faults);

/// Columns that every created table has: identity, times, device, type, hint, trace, where it came from, fingerprint.
struct StandardColumn {
  std::string_view name;
  ColumnType type;
  bool nullable;
};
[[nodiscard]] const std::vector<StandardColumn>& standard_columns();

}  // namespace loom::model
