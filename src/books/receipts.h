// What clients were told, from the file that `loom send --receipts` writes: one answer of the API a line. Threads: any.
#pragma once

#include <functional>
#include <string>

#include "books/entry.h"
#include "loom/error.h"

namespace loom::books {

/// Every receipt, in file order; refused messages' lines are passed over. Errors: usage (no such file), malformed (with
/// the line), not_found (a topic that no type of the catalogue has).
Result<void> read_receipts(const std::string& file, const Plan& plan,
                           const std::function<Result<void>(const Entry&)>& put);

/// One line. nullopt: it tells of no accepted message.
[[nodiscard]] Result<std::optional<Entry>> receipt_of(std::string_view line, const Plan& plan);

}  // namespace loom::books
