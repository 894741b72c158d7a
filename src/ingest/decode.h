// One message as a client sends it → what the edge knows of it. Pure: text in, values out. Unknown members are dropped;
// null stands for absent where a member is optional; `data` and `metadata` stay byte for byte.
// Ownership: the views of an Accepted point into the body and the document: they live until either changes.
// Errors: malformed, missing_field, invalid_value, not_found (unknown type, with near names).
//   auto accepted = decode(types, document, body);   accepted->message.device_id == "phone-1"
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ingest/refusal.h"
#include "ingest/types.h"
#include "model/message.h"

namespace loom::ingest {

struct Accepted {
  const TypeEntry* type = nullptr;
  model::EdgeMessage message;  // message_id and trace_id "" and recorded_at 0 where the client gave none
  bool recorded = false;       // the client gave recorded_at
  std::unique_ptr<std::string> data, metadata;  // only where the member's name was written with escapes
};

[[nodiscard]] Checked<Accepted> decode(const TypeTable& types, json::Document& document, std::string_view body);
/// The same of text that has been parsed already.
[[nodiscard]] Checked<Accepted> decode_parsed(const TypeTable& types, const json::Value& root, std::string_view body);

/// The type of this name; not_found with near names.
[[nodiscard]] Checked<const TypeEntry*> type_named(const TypeTable& types, std::string_view name);

constexpr std::size_t max_device_id = 256;
constexpr std::size_t max_hint = 256;

}  // namespace loom::ingest
