// The pure part of `loom check`: what only the whole of both files shows. Faults are what would lose or loop messages,
// warnings what may be meant (a program of one's own reads or writes the topic). All with places and remedies.
//   check_offline(catalogue, mappings, faults);  if (faults.any_fault()) …
// Threads: any; values in, faults out.
#pragma once

#include "model/catalogue.h"
#include "model/mapping.h"

namespace loom::model {

/// After add_mapped_topics. Cluster, database, engines and files of models are checked elsewhere.
void check_offline(const Catalogue& catalogue, const Mappings& mappings, config::Faults& faults);

}  // namespace loom::model
