// What the dead-letter commands share: the groups they are about.
#pragma once

#include <string>
#include <vector>

#include "model/catalogue.h"

namespace loom::app {

/// The one, or every group of the configuration for "". Errors: usage, with the nearest name.
[[nodiscard]] Result<std::vector<ConsumerGroup>> groups_named(const model::Catalogue& catalogue,
                                                              const std::string& group);

}  // namespace loom::app
