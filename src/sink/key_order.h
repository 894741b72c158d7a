// Rows of a batch by key: sorted against deadlocks, equal ones next to each other in the order in which they came.
#pragma once

#include <vector>

#include "sink/table.h"

namespace loom::sink {

/// Runs of equal keys, each with its rows (indexes) in arrival order; runs rise by key.
[[nodiscard]] std::vector<std::vector<std::size_t>> runs_by_key(const Binding& binding, const std::vector<Row>& rows);

/// Indexes by key; nullopt where two rows have the same key.
[[nodiscard]] std::optional<std::vector<std::size_t>> distinct_by_key(const Binding& binding,
                                                                      const std::vector<Row>& rows);

}  // namespace loom::sink
