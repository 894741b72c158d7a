// The two larger checks of check_offline, each a file of its own.
#pragma once

#include "model/catalogue.h"
#include "model/mapping.h"

namespace loom::model {

/// No topic leads back to itself over stages: a message would go round for ever.
void check_cycles(const Catalogue& catalogue, config::Faults& faults);
/// API ≤ producer ≤ topic ≤ consumer, and no topic narrower than what is forwarded to it.
void check_limits(const Catalogue& catalogue, const Mappings& mappings, config::Faults& faults);

}  // namespace loom::model
