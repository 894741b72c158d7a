#include "runner/admission.h"

#include "model/message.h"
#include "runner/headers.h"

namespace loom::runner {
namespace {

/// A scalar as it would be written in the configuration; nullopt for null, arrays and objects.
std::optional<std::string> scalar_text(const json::Value& value) {
  if (auto text = value.string()) return std::string(*text);
  switch (value.kind()) {
    case json::Kind::boolean:
    case json::Kind::integer:
    case json::Kind::unsigned_integer:
    case json::Kind::number:
      return value.text();
    default:
      return std::nullopt;
  }
}

bool meets(const Envelope& message, const std::map<std::string, std::string>& when) {
  for (const auto& [field, wanted] : when) {
    if (field == "pipeline_hint") {
      if (message.pipeline_hint != wanted) return false;
      continue;
    }
    auto value = message.value.at_path(field);
    if (!value || scalar_text(*value) != wanted) return false;
  }
  return true;
}

}  // namespace

std::optional<Verdict> Admission::admit(const model::Record& record, json::Document& document,
                                        Envelope& message) const {
  if (is_for_another_group(record, group)) return Done{"not_ours"};
  auto read = model::decode(record, cluster_id, document);
  if (!read) return Reject{std::move(read.error())};
  if (!meets(*read, when)) return Drop{"when"};
  message = std::move(*read);
  return std::nullopt;
}

Verdict verdict_of(Outcome&& outcome) {
  return std::visit([](auto&& decision) -> Verdict { return std::move(decision); }, std::move(outcome));
}

}  // namespace loom::runner
