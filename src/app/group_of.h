// A consumer group by the name that was typed. Errors: usage, with the nearest name.
#pragma once

#include "base/bytes.h"
#include "model/catalogue.h"

namespace loom::app {

[[nodiscard]] inline Error no_such_group(const model::Catalogue& catalogue, const std::string& group) {
  std::vector<std::string> known;
  for (const auto& [name, stage] : catalogue.stages) known.push_back(name.get());
  auto near = nearest(group, known);
  return Error{ErrorKind::usage, "no consumer group '" + group + "' in the configuration", "",
               near.empty() ? "see the keys under 'stages'" : "did you mean '" + near + "'?", ""};
}

}  // namespace loom::app
