#include <cmath>
#include <limits>

#include "model/catalogue_parts.h"
#include "model/reading.h"

namespace loom::model {
namespace {

using config::Options;

struct TypeOptions {
  std::string topic, hint, key = "device_id", description;
};

struct FieldOptions {
  std::string type = "any";
  bool required = true;
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

const std::vector<std::string>& field_kind_names() {
  static const std::vector<std::string> names{"any",    "string", "integer", "number",   "boolean",
                                              "base64", "object", "array",   "timestamp"};
  return names;
}

Options<TypeOptions> type_options() {
  return Options<TypeOptions>("message_types")
      .add("topic", &TypeOptions::topic, "the topic it goes to: the entry of its pipelines", wrong_topic_name)
      .add("hint", &TypeOptions::hint, "sent as pipeline_hint, unless the client gives one")
      .add("key", &TypeOptions::key, "device_id keeps a device in order, message_id spreads over partitions",
           one_of({"device_id", "message_id"}))
      .add("description", &TypeOptions::description, "for people")
      .also("fields");
}

Options<FieldOptions> field_options() {
  return Options<FieldOptions>("message_types.fields")
      .add("type", &FieldOptions::type, "any, string, integer, number, boolean, base64, object, array or timestamp",
           one_of(field_kind_names()))
      .add("required", &FieldOptions::required, "whether a message without it is refused")
      .add("min", &FieldOptions::min, "smallest number allowed")
      .add("max", &FieldOptions::max, "largest number allowed");
}

Field field_of(const std::string& name, const FieldOptions& options) {
  Field field;
  field.name = name;
  field.kind = field_kind_of(options.type).value_or(FieldKind::any);
  field.required = options.required;
  if (std::isfinite(options.min)) field.min = options.min;
  if (std::isfinite(options.max)) field.max = options.max;
  return field;
}

void check_bounds(const config::Node& node, const Field& field, config::Faults& faults) {
  if (!field.min && !field.max) return;
  if (field.kind != FieldKind::number && field.kind != FieldKind::integer)
    faults.fault(node.place(),
                 node.path() + ": min and max are for numbers, this is " + std::string(name_of(field.kind)),
                 "give it type: number");
  else if (field.min && field.max && *field.min > *field.max)
    faults.fault(node.place(), node.path() + ": min is greater than max", "swap them");
}

Field read_field(const std::string& name, const config::Node& node, config::Faults& faults) {
  FieldOptions options;
  if (node.is_map()) {
    options = field_options().read(node, faults);
  } else {
    options.type = node.scalar();
    auto wrong = one_of(field_kind_names())(options.type);
    if (wrong) config::wrong_value(node, name, *wrong, faults);
  }
  auto field = field_of(name, options);
  check_bounds(node, field, faults);
  return field;
}

TypeOptions read_options(const config::Node& node, config::Faults& faults) {
  TypeOptions options;
  if (node.is_map()) {
    options = type_options().read(node, faults);
    if (!node["topic"].present())
      faults.fault(node.place(), node.path() + ": has no topic", "add 'topic: NAME', where its messages go");
    return options;
  }
  options.topic = node.scalar();  // the plain form, `customer_feedback: external.feedback.raw`
  if (auto wrong = wrong_topic_name(options.topic)) config::wrong_value(node, "topic", *wrong, faults);
  return options;
}

MessageTypeSpec read_type(const std::string& name, const config::Node& node, config::Faults& faults) {
  if (auto wrong = wrong_type_name(name)) config::wrong_value(node, name, *wrong, faults);
  auto options = read_options(node, faults);
  MessageTypeSpec type;
  type.name = MessageType{name};
  type.topic = TopicName{options.topic};
  type.hint = options.hint;
  type.key = options.key == "message_id" ? KeyBy::message_id : KeyBy::device_id;
  type.description = options.description;
  type.place = node.place();
  if (is_section(node["fields"], faults))
    for (const auto& [field, entry] : node["fields"].members()) type.fields.push_back(read_field(field, entry, faults));
  return type;
}

}  // namespace

void read_types(const config::Node& node, Catalogue& to, config::Faults& faults) {
  if (!is_section(node, faults)) return;
  for (const auto& [name, entry] : node.members()) {
    auto type = read_type(name, entry, faults);
    to.types.emplace(type.name, std::move(type));
  }
}

void document_types(Docs& docs) {
  docs.emplace_back("message_types", without_environment(type_options().docs()));
  auto fields = without_environment(field_options().docs());
  for (auto& doc : fields)
    if (doc.name == "min" || doc.name == "max") doc.fallback = "";
  docs.emplace_back("message_types.fields", std::move(fields));
}

}  // namespace loom::model
