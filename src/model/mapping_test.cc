#include "model/mapping.h"

#include <gtest/gtest.h>

namespace loom::model {
namespace {

Mappings read(std::string_view yaml, config::Faults& faults) {
  return read_mappings(config::Node::parse(yaml, "topic_mappings.yml", faults), faults);
}

TEST(Mapping, TheDocumentsOwnWorksAsItStands) {
  config::Faults faults;
  auto mappings = read(R"(# topic_mappings.yml
topics:
  media.image.analysis.moondream_results:
    table: "media_image_analysis_moondream_results"
    description: "OCR results from Moondream"
)",
                       faults);
  EXPECT_EQ(faults.text(), "");
  ASSERT_EQ(mappings.topics.size(), 1u);
  const auto& mapping = mappings.topics.begin()->second;
  EXPECT_EQ(mapping.topic.get(), "media.image.analysis.moondream_results");
  EXPECT_EQ(mapping.table.get(), "media_image_analysis_moondream_results");
  EXPECT_EQ(mapping.description, "OCR results from Moondream");
  EXPECT_TRUE(mapping.shortest);
  EXPECT_TRUE(mapping.key.empty());
  EXPECT_EQ(mapping.on_conflict, OnConflict::ignore);
  EXPECT_EQ(mapping.place.line, 3);
}

constexpr std::string_view whole = R"(schema_version: "1.0"
defaults:
  upsert_key: "device_id, recorded_at"
  conflict_strategy: update
  timestamp_field: ts
  device_id_field: device
  schema_version_field: version
transformations: {base64_decode: {description: "…"}}
data_type_mappings: {string: TEXT}
topics:
  a.raw:
    table: public.a
    field_mappings: {data.z: zed, data.a: a, data.b.0.c: a, device_id: device_id}
    data_types: {a: float, zed: bytes}
    transforms: {zed: base64_decode}
    required_fields: [data.a]
    defaults: {unit: "C", version: 2, flag: true, digits: "7", none: null, code: 007}
  b.raw:
    table: b
    field_mappings: {data.id: id}
    upsert_key: [id]
    conflict_strategy: replace
    array_mappings:
      data.words:
        element_mappings: {text: word, value: val}
        sequence_field: n
        table: b_words
        foreign_key_mapping: {message_id: message_id}
        table_column_prefix: w_
)";

TEST(Mapping, ReadsTheWholeGrammar) {
  config::Faults faults;
  auto mappings = read(whole, faults);
  EXPECT_EQ(faults.text(), "");
  EXPECT_EQ(mappings.timestamp_field, "ts");
  EXPECT_EQ(mappings.device_id_field, "device");
  EXPECT_EQ(mappings.schema_version_field, "version");
  const auto& a = mappings.topics.at(TopicName{"a.raw"});
  EXPECT_FALSE(a.shortest);
  std::vector<std::string> sources;
  for (const auto& field : a.fields) sources.push_back(field.source);
  EXPECT_EQ(sources, (std::vector<std::string>{"data.z", "data.a", "data.b.0.c", "device_id"}));  // file order
  EXPECT_EQ(a.types.at("a"), ColumnType::floating);
  EXPECT_EQ(a.transforms.at("zed"), Transform::base64_decode);
  EXPECT_EQ(a.required, std::vector<std::string>{"data.a"});
  EXPECT_EQ(a.defaults, (std::map<std::string, std::string>{{"unit", "\"C\""},
                                                            {"version", "2"},
                                                            {"flag", "true"},
                                                            {"digits", "\"7\""},
                                                            {"none", "null"},
                                                            {"code", "\"007\""}}));
  EXPECT_EQ(a.key, (std::vector<std::string>{"device_id", "recorded_at"}));
  EXPECT_EQ(a.on_conflict, OnConflict::update);
  const auto& b = mappings.topics.at(TopicName{"b.raw"});
  EXPECT_EQ(b.key, std::vector<std::string>{"id"});
  EXPECT_EQ(b.on_conflict, OnConflict::replace);
  ASSERT_EQ(b.arrays.size(), 1u);
  EXPECT_EQ(b.arrays[0].path, "data.words");
  EXPECT_EQ(b.arrays[0].elements[1].column, "val");
  EXPECT_EQ(b.arrays[0].sequence_field, "n");
  EXPECT_EQ(b.arrays[0].table, TableName{"b_words"});
  ASSERT_EQ(b.arrays[0].foreign_keys.size(), 1U);
  EXPECT_EQ(b.arrays[0].foreign_keys[0].source, "message_id");
  EXPECT_EQ(b.arrays[0].column_prefix, "w_");
}

TEST(Mapping, AKeyWithoutSourceFallsBackToTheIdentity) {
  config::Faults faults;
  auto mappings = read(
      "defaults: {upsert_key: \"device_id, seq\"}\ntopics:\n  t:\n    table: t\n    field_mappings: {data.a: a}\n"
      "  u:\n    table: u\n    field_mappings: {data.a: seq}\n",
      faults);
  EXPECT_FALSE(faults.any_fault());
  EXPECT_NE(faults.text().find("warning  topic_mappings.yml:3: topics.t: key column 'seq' has no source"),
            std::string::npos)
      << faults.text();
  EXPECT_TRUE(mappings.topics.at(TopicName{"t"}).key.empty());
  EXPECT_EQ(mappings.topics.at(TopicName{"u"}).key.size(), 2u);
}

struct Case {
  const char* name;
  const char* yaml;
  const char* expected;
};
class MappingFaults : public testing::TestWithParam<Case> {};

TEST_P(MappingFaults, NamePlaceAndRemedy) {
  config::Faults faults;
  read(GetParam().yaml, faults);
  std::string_view expected = GetParam().expected;
  EXPECT_EQ(faults.any_fault(), expected.starts_with("fault"));
  EXPECT_NE(faults.text().find(expected), std::string::npos) << faults.text();
}

const Case cases[] = {
    {"top", "topic: {}\n", "fault  topic_mappings.yml:1: unknown option 'topic'; did you mean 'topics'?"},
    {"no_map", "- a\n", "fault  topic_mappings.yml:1: the mappings are no map"},
    {"no_table", "topics:\n  t: {description: x}\n", "fault  topic_mappings.yml:2: topics.t: has no table"},
    {"scalar", "topics:\n  t: x\n", "fault  topic_mappings.yml:2: topics.t: is no map"},
    {"key", "topics:\n  t:\n    table: x\n    field_mapping: {}\n",
     "fault  topic_mappings.yml:4: topics.t: unknown option 'field_mapping'; did you mean 'field_mappings'?"},
    {"default_key", "defaults:\n  upsertkey: a\n",
     "fault  topic_mappings.yml:2: defaults: unknown option 'upsertkey'; did you mean 'upsert_key'?"},
    {"topic_name", "topics:\n  \"t t\": {table: x}\n", "fault  topic_mappings.yml:2: topics.t t has other characters"},
    {"table_name", "topics:\n  t: {table: \"a\\\"b\"}\n", "fault  topic_mappings.yml:2: topics.t.table: has a quote"},
    {"type", "topics:\n  t:\n    table: x\n    field_mappings: {data.a: a}\n    data_types:\n      a: flaot\n",
     "fault  topic_mappings.yml:6: topics.t.data_types.a: unknown 'flaot'; did you mean 'float'?"},
    {"transform", "topics:\n  t:\n    table: x\n    field_mappings: {data.a: a}\n    transforms: {a: base64decode}\n",
     "fault  topic_mappings.yml:5: topics.t.transforms.a: unknown 'base64decode'; did you mean 'base64_decode'?"},
    {"strategy", "topics:\n  t: {table: x, conflict_strategy: upsert}\n",
     "fault  topic_mappings.yml:2: topics.t.conflict_strategy: unknown 'upsert'"},
    {"path", "topics:\n  t: {table: x, field_mappings: {data..a: a}}\n",
     "fault  topic_mappings.yml:2: topics.t.field_mappings: 'data..a' is no dotted path"},
    {"column", "topics:\n  t: {table: x, field_mappings: {data.a: [a]}}\n",
     "fault  topic_mappings.yml:2: topics.t.field_mappings.data.a: is no name"},
    {"key_names", "topics:\n  t: {table: x, upsert_key: \"a,,b\"}\n",
     "fault  topic_mappings.yml:2: topics.t.upsert_key: is an empty name"},
    {"array_key", "topics:\n  t: {table: x, array_mappings: {data.w: {element_mapping: {a: b}}}}\n",
     "fault  topic_mappings.yml:2: topics.t.array_mappings.data.w: unknown option 'element_mapping'; did you mean "
     "'element_mappings'?"},
    {"array_empty", "topics:\n  t: {table: x, array_mappings: {data.w: {sequence_field: n}}}\n",
     "fault  topic_mappings.yml:2: topics.t.array_mappings.data.w: has no element_mappings"},
    {"twice", "topics:\n  t: {table: x}\n  t: {table: y}\n", "fault  topic_mappings.yml:3: topics.t is there twice"},
    {"unmapped_type",
     "topics:\n  t:\n    table: x\n    field_mappings: {data.a: alpha}\n    data_types: {alhpa: float}\n",
     "warning  topic_mappings.yml:5: topics.t.data_types.alhpa: no field fills column 'alhpa'; did you mean 'alpha'?"},
};
INSTANTIATE_TEST_SUITE_P(All, MappingFaults, testing::ValuesIn(cases),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(Mapping, ColumnTypesByName) {
  for (const auto* name :
       {"string", "integer", "float", "boolean", "timestamp", "array", "float_array", "json", "bytes", "uuid"}) {
    auto type = column_type_of(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(name_of(*type), name);
  }
  EXPECT_FALSE(column_type_of("text"));
}

}  // namespace
}  // namespace loom::model
