#include "loom/envelope.h"

namespace loom {

Result<std::string_view> Envelope::string_at(std::string_view dotted_path) const {
  std::string path(dotted_path);
  auto found = value.at_path(dotted_path);
  if (!found || found->is_null()) {
    return fail(ErrorKind::missing_field, path + " is missing", {.field = path, .remedy = "send it as a string"});
  }
  if (auto text = found->string()) return *text;
  return fail(ErrorKind::invalid_value,
              path + " is of kind " + std::string(json::name_of(found->kind())) + ", not a string",
              {.field = path, .remedy = "send it as a string"});
}

}  // namespace loom
