#include "ingest/describe.h"

#include "loom/json.h"

namespace loom::ingest {
namespace {

std::string describe_field(const model::Field& field) {
  json::Writer writer;
  writer.field("name", field.name).field("kind", model::name_of(field.kind)).field("required", field.required);
  if (field.min) writer.field("min", *field.min);
  if (field.max) writer.field("max", *field.max);
  return writer.text();
}

std::int64_t limit_of(const model::Catalogue& catalogue, const TopicName& topic) {
  auto found = catalogue.topics.find(topic);
  auto limit = found == catalogue.topics.end() ? model::TopicSpec{}.max_message_bytes : found->second.max_message_bytes;
  return static_cast<std::int64_t>(limit.count);
}

}  // namespace

std::string describe_type(const model::Catalogue& catalogue, const model::MessageTypeSpec& type) {
  std::vector<std::string> fields;
  for (const auto& field : type.fields) fields.push_back(describe_field(field));
  json::Writer writer;
  writer.field("message_type_id", type.name.get()).field("topic", type.topic.get());
  if (type.hint.empty())
    writer.raw("pipeline_hint", "null");
  else
    writer.field("pipeline_hint", type.hint);
  writer.field("key", type.key == model::KeyBy::message_id ? "message_id" : "device_id");
  if (!type.description.empty()) writer.field("description", type.description);
  writer.raw("fields", json::array_of(fields));
  writer.raw("limits", json::Writer{}
                           .field("max_body_bytes", static_cast<std::int64_t>(catalogue.api.max_body.count))
                           .field("max_message_bytes", limit_of(catalogue, type.topic))
                           .text());
  return writer.text();
}

std::string describe_types(const model::Catalogue& catalogue) {
  std::vector<std::string> types;
  for (const auto& [name, type] : catalogue.types) types.push_back(describe_type(catalogue, type));
  return json::Writer{}.field("count", types.size()).raw("message_types", json::array_of(types)).text();
}

}  // namespace loom::ingest
