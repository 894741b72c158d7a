// The catalogue's fields of a type, checked against a message's `data`. Pure.
// Errors: missing_field, malformed (base64), invalid_value with what was found and what is wanted; all name
// data.<field>.
//   if (auto wrong = wrong_field(spec.fields, data)) return tl::unexpected(*wrong);
#pragma once

#include <optional>
#include <vector>

#include "ingest/refusal.h"
#include "model/catalogue.h"

namespace loom::ingest {

[[nodiscard]] std::optional<Refusal> wrong_field(const std::vector<model::Field>& fields, const json::Value& data);

}  // namespace loom::ingest
