// A message becomes a row: pure. Conversions lose nothing or fail: "12" may fill an integer, "north" and 1.5 may not.
//   auto row = to_row(binding, record, *envelope);   // Errors: missing_field, invalid_value, naming column and value
#pragma once

#include <string>
#include <vector>

#include "loom/envelope.h"
#include "loom/error.h"
#include "model/record.h"
#include "sink/table.h"

namespace loom::sink {

[[nodiscard]] Result<Row> to_row(const Binding& binding, const model::Record& record, const Envelope& envelope,
                                 std::int64_t sequence = 0);

/// The rows of an array's elements, or of an object's entries; none where it is missing or null.
[[nodiscard]] Result<std::vector<Row>> to_element_rows(const Binding& binding, const std::string& path,
                                                       const model::Record& record, const Envelope& envelope);

}  // namespace loom::sink
