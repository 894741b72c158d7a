// What it means that a row's key is in the table already. Pure, the same for both databases.
#pragma once

#include <optional>
#include <string>

#include "sink/table.h"

namespace loom::sink {

/// The row that is there, as text; nullopt where the table has no such column or it is NULL.
struct Existing {
  std::optional<std::string> message_id, part, fingerprint;
};

enum class Clash {
  repeated,  // the same message again
  conflict,  // the same identity with other data
  other,     // another message with the same key
};
[[nodiscard]] Clash classify(const Binding& binding, const Row& row, const Existing& existing);
[[nodiscard]] Existing existing_of(const Binding& binding, const Row& row);

/// The dead letter's error; names identity and table.
[[nodiscard]] Error identity_conflict(const Binding& binding, const Row& row);

/// Identity and fingerprint cells as the databases print them.
[[nodiscard]] std::optional<std::string> plain_text(const Cell& cell);
[[nodiscard]] std::string to_text(const Uuid& uuid);

}  // namespace loom::sink
