#include "model/catalogue.h"

#include <array>
#include <filesystem>

#include "model/catalogue_parts.h"
#include "model/reading.h"

namespace loom::model {
namespace {

constexpr std::array<std::pair<std::string_view, FieldKind>, 9> field_kinds{{{"any", FieldKind::any},
                                                                             {"string", FieldKind::string},
                                                                             {"integer", FieldKind::integer},
                                                                             {"number", FieldKind::number},
                                                                             {"boolean", FieldKind::boolean},
                                                                             {"base64", FieldKind::base64},
                                                                             {"object", FieldKind::object},
                                                                             {"array", FieldKind::array},
                                                                             {"timestamp", FieldKind::timestamp}}};

/// Relative paths in the configuration start at its own folder, wherever the program was started.
std::string beside(const std::string& folder, const std::string& path) {
  if (folder.empty() || path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

void resolve_paths(Catalogue& catalogue) {
  if (auto& tls = catalogue.api.tls)
    for (auto* file : {&tls->cert, &tls->key, &tls->client_ca}) *file = beside(catalogue.folder, *file);
  constexpr std::string_view sqlite = "sqlite:";
  auto& url = catalogue.database.url;
  if (url.starts_with(sqlite) && url != "sqlite::memory:")
    url = std::string(sqlite) + beside(catalogue.folder, url.substr(sqlite.size()));
  if (const auto* store = catalogue.store()) {
    auto mappings = store->node["mappings"].scalar();
    if (!mappings.empty()) catalogue.mappings_file = mappings;
  }
  catalogue.mappings_file = beside(catalogue.folder, catalogue.mappings_file);
}

}  // namespace

std::string_view name_of(FieldKind kind) {
  for (const auto& [name, known] : field_kinds)
    if (known == kind) return name;
  return "any";
}

std::optional<FieldKind> field_kind_of(std::string_view name) {
  for (const auto& [known, kind] : field_kinds)
    if (known == name) return kind;
  return std::nullopt;
}

bool MessageTypeSpec::carries_media() const {
  for (const auto& field : fields)
    if (field.kind == FieldKind::base64) return true;
  return false;
}

const MessageTypeSpec* Catalogue::type(std::string_view name) const {
  auto found = types.find(MessageType{std::string(name)});
  return found == types.end() ? nullptr : &found->second;
}

const StageSpec* Catalogue::stage(std::string_view group) const {
  auto found = stages.find(ConsumerGroup{std::string(group)});
  return found == stages.end() ? nullptr : &found->second;
}

const StageSpec* Catalogue::store() const {
  for (const auto& [group, stage] : stages)
    if (stage.use == "store") return &stage;
  return nullptr;
}

TopicName dead_letters_of(const ConsumerGroup& group) { return TopicName{"dlq." + group.get()}; }
TopicName drops_of(const ConsumerGroup& group) { return TopicName{"drops." + group.get()}; }
TopicName settled_letters() { return TopicName{"loom.dlq.settled"}; }

Catalogue read_catalogue(const config::Node& root, const config::Environment& environment,
                         const std::vector<std::string>& stage_kinds, config::Faults& faults) {
  Catalogue catalogue;
  catalogue.folder = std::filesystem::path(root.place().file).parent_path().string();
  if (root.present() && root.kind() != config::Node::Kind::null && !root.is_map()) {
    faults.fault(root.place(), "the configuration is no map",
                 "write sections: kafka, database, api, log, message_types, topics, stages");
    return catalogue;
  }
  config::refuse_unknown(root, {"kafka", "database", "api", "log", "message_types", "topics", "stages"}, faults);
  read_sections(root, environment, catalogue, faults);
  read_api(root["api"], environment, catalogue, faults);
  if (catalogue.api.place.file.empty()) catalogue.api.place = root.place();
  read_types(root["message_types"], catalogue, faults);
  read_topics(root["topics"], catalogue, faults);
  read_stages(root["stages"], stage_kinds, catalogue, faults);
  check_key_types(root["api"], catalogue, faults);
  resolve_topics(catalogue);
  resolve_paths(catalogue);
  return catalogue;
}

Docs catalogue_docs() {
  Docs docs;
  document_sections(docs);
  document_api(docs);
  document_types(docs);
  document_topics(docs);
  document_stages(docs);
  return docs;
}

}  // namespace loom::model
