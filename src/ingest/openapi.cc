// OpenAPI 3.1 from the table of routes and the catalogue, so that neither can say what the server does not do.
#include <map>

#include "ingest/describe.h"
#include "ingest/endpoints.h"
#include "loom/json.h"

namespace loom::ingest {
namespace {

using json::Writer;

std::string object_schema(const std::string& properties, const std::vector<std::string>& required) {
  std::vector<std::string> quoted;
  for (const auto& name : required) json::append_string(quoted.emplace_back(), name);
  Writer writer;
  writer.field("type", "object").raw("properties", properties);
  if (!quoted.empty()) writer.raw("required", json::array_of(quoted));
  return writer.text();
}

std::string type_schema(std::string_view type) { return Writer{}.field("type", type).text(); }

std::string field_schema(const model::Field& field) {
  using model::FieldKind;
  Writer writer;
  switch (field.kind) {
    case FieldKind::any:
      return "{}";
    case FieldKind::base64:
      return writer.field("type", "string").field("contentEncoding", "base64").text();
    case FieldKind::timestamp:
      return writer.raw("type", R"(["string","number"])").text();
    default:
      writer.field("type", model::name_of(field.kind));
  }
  if (field.min) writer.field("minimum", *field.min);
  if (field.max) writer.field("maximum", *field.max);
  return writer.text();
}

/// `data` of one type; dotted fields are described by their first step.
std::string data_schema(const model::MessageTypeSpec& type) {
  Writer properties;
  std::vector<std::string> required;
  std::map<std::string, bool> seen;
  for (const auto& field : type.fields) {
    auto dot = field.name.find('.');
    auto name = field.name.substr(0, dot);
    if (seen.emplace(name, true).second) {
      properties.raw(name, dot == std::string::npos ? field_schema(field) : type_schema("object"));
      if (field.required) required.push_back(name);
    }
  }
  return object_schema(properties.text(), required);
}

std::string message_schema(const model::Catalogue& catalogue) {
  std::vector<std::string> names, rules;
  for (const auto& [name, type] : catalogue.types) {
    json::append_string(names.emplace_back(), name.get());
    if (type.fields.empty()) continue;
    auto condition = object_schema(Writer{}.raw("message_type_id", Writer{}.field("const", name.get()).text()).text(),
                                   {"message_type_id"});
    auto then = Writer{}.raw("properties", Writer{}.raw("data", data_schema(type)).text()).text();
    rules.push_back(Writer{}.raw("if", condition).raw("then", then).text());
  }
  auto properties =
      Writer{}
          .raw("message_type_id", Writer{}.field("type", "string").raw("enum", json::array_of(names)).text())
          .raw("message_type",
               Writer{}.field("type", "string").field("description", "another name of message_type_id").text())
          .raw("device_id", R"({"type":"string","minLength":1,"maxLength":256})")
          .raw("data", type_schema("object"))
          .raw("metadata", R"({"type":["object","null"]})")
          .raw("recorded_at",
               R"({"type":["string","number","null"],"description":"RFC 3339 or epoch; when it happened"})")
          .raw("timestamp", R"({"type":["string","number","null"],"description":"another name of recorded_at"})")
          .raw("message_id",
               R"({"type":["string","null"],"format":"uuid","description":"the same one again is stored once"})")
          .raw("trace_id", R"({"type":["string","null"],"description":"32 hex digits"})")
          .raw("pipeline_hint", R"({"type":["string","null"]})")
          .text();
  Writer schema;
  schema.field("type", "object").raw("properties", properties).raw("required", R"(["device_id","data"])");
  schema.raw("anyOf", R"([{"required":["message_type_id"]},{"required":["message_type"]}])");
  if (!rules.empty()) schema.raw("allOf", json::array_of(rules));
  return schema.text();
}

constexpr std::string_view stored_schema =
    R"({"type":"object","properties":{"status":{"const":"success"},"message_id":{"type":"string","format":"uuid"},"message_type":{"type":"string"},"topic":{"type":"string"},"partition":{"type":"integer"},"offset":{"type":"integer"},"timestamp":{"type":"string","format":"date-time"},"trace_id":{"type":"string"}},"required":["status","message_id","message_type","topic","partition","offset","timestamp","trace_id"]})";
constexpr std::string_view problem_schema =
    R"({"type":"object","properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},"field":{"type":"string"},"remedy":{"type":"string"},"near":{"type":"array","items":{"type":"string"}},"limit":{"type":"number"},"retry_after":{"type":"integer"},"outcome":{"const":"unknown"},"message_id":{"type":"string"}},"required":["type","title","status"]})";
constexpr std::string_view batch_schema =
    R"({"type":"object","properties":{"accepted":{"type":"integer"},"rejected":{"type":"integer"},"results":{"type":"array","items":{"type":"object"}}},"required":["accepted","rejected","results"]})";

std::string response(std::string_view description, std::string_view type, std::string_view schema) {
  auto content = Writer{}.raw(type, Writer{}.raw("schema", schema).text()).text();
  return Writer{}.field("description", description).raw("content", content).text();
}

std::string reference(std::string_view name) {
  return Writer{}.field("$ref", "#/components/schemas/" + std::string(name)).text();
}

constexpr std::string_view media_parts =
    R"({"type":"object","properties":{"file":{"type":"string","contentMediaType":"application/octet-stream"},"device_id":{"type":"string"},"metadata":{"type":"object"}},"required":["file","device_id"],"additionalProperties":true})";

/// Bytes, or the same as a form.
std::string media_body() {
  Writer content;
  for (const auto* type : {"image/png", "image/jpeg", "image/webp", "audio/wav", "audio/flac", "audio/ogg",
                           "audio/mpeg", "audio/L16", "application/octet-stream"})
    content.raw(type, "{}");
  content.raw("multipart/form-data", Writer{}.raw("schema", media_parts).text());
  return Writer{}.field("required", true).raw("content", content.text()).text();
}

std::string query_parameter(std::string_view name, std::string_view schema) {
  return Writer{}.field("name", name).field("in", "query").raw("schema", schema).text();
}

/// What an upload may say beside its bytes; further ones are fields of `data`.
void add_upload_parameters(std::vector<std::string>& to) {
  for (const auto* name : {"device_id", "recorded_at", "message_id", "trace_id", "pipeline_hint", "metadata"})
    to.push_back(query_parameter(name, type_schema("string")));
  for (const auto* name : {"width", "height", "sample_rate", "channels", "duration_ms"})
    to.push_back(query_parameter(name, type_schema("number")));
}

std::string request_body(const http::Route& route) {
  if (route.path == endpoint::media.path) return media_body();
  bool batch = route.path.ends_with("/batch");
  auto one = Writer{}
                 .raw("schema", batch ? Writer{}.field("type", "array").raw("items", reference("Message")).text()
                                      : reference("Message"))
                 .text();
  Writer content;
  content.raw("application/json", one);
  if (batch) content.raw("application/x-ndjson", Writer{}.raw("schema", reference("Message")).text());
  return Writer{}.field("required", true).raw("content", content.text()).text();
}

std::string operation(const http::Route& route) {
  Writer writer, responses;
  writer.field("summary", route.summary);
  auto brace = route.path.find('{');
  if (brace != std::string::npos) {
    auto name = route.path.substr(brace + 1, route.path.find('}') - brace - 1);
    std::vector<std::string> parameters{Writer{}
                                            .field("name", name)
                                            .field("in", "path")
                                            .field("required", true)
                                            .raw("schema", type_schema("string"))
                                            .text()};
    if (route.path == endpoint::media.path) add_upload_parameters(parameters);
    writer.raw("parameters", json::array_of(parameters));
  }
  if (route.upgrade) {
    responses.raw("101", Writer{}.field("description", "a WebSocket: " + route.summary).text());
  } else if (route.method == "POST") {
    writer.raw("requestBody", request_body(route));
    bool batch = route.path.ends_with("/batch");
    responses.raw("200", response("acknowledged by all in-sync replicas", "application/json",
                                  reference(batch ? "Batch" : "Stored")));
    if (batch)
      responses.raw("207", response("some were not accepted; one result a record, in order", "application/json",
                                    reference("Batch")));
  } else {
    responses.raw("200", Writer{}.field("description", route.summary).text());
  }
  responses.raw("default", response("what is wrong, and the remedy", "application/problem+json", reference("Problem")));
  if (route.admit) writer.raw("security", R"([{"ApiKey":[]},{"Bearer":[]},{}])");
  return writer.raw("responses", responses.text()).text();
}

}  // namespace

std::string openapi(const model::Catalogue& catalogue, const std::vector<http::Route>& routes) {
  std::map<std::string, Writer> paths;
  for (const auto& route : routes) {
    std::string method = route.method;
    for (auto& c : method) c = static_cast<char>(c | 32);
    paths[route.path].raw(method, operation(route));
  }
  Writer all;
  for (const auto& [path, operations] : paths) all.raw(path, operations.text());
  auto schemas = Writer{}
                     .raw("Message", message_schema(catalogue))
                     .raw("Stored", stored_schema)
                     .raw("Batch", batch_schema)
                     .raw("Problem", problem_schema)
                     .text();
  auto security =
      R"({"ApiKey":{"type":"apiKey","in":"header","name":"X-API-Key"},"Bearer":{"type":"http","scheme":"bearer"}})";
  return Writer{}
      .field("openapi", "3.1.0")
      .raw("info", Writer{}.field("title", "Loom ingest API").field("version", LOOM_VERSION).text())
      .raw("paths", all.text())
      .raw("components", Writer{}.raw("schemas", schemas).raw("securitySchemes", security).text())
      .text();
}

}  // namespace loom::ingest
