// The catalogue's message types, ready for the hot path: found by name without a copy, with their topic's limit.
// Views into the catalogue, which outlives it. Const after it was made: any thread.
//   const TypeEntry* type = types.find("screenshot");
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "model/catalogue.h"

namespace loom::ingest {

struct TypeEntry {
  const model::MessageTypeSpec* spec = nullptr;
  std::size_t max_message_bytes = 0;  // of its topic
  Counter* accepted = nullptr;
};

class TypeTable {
 public:
  TypeTable(const model::Catalogue& catalogue, Registry& registry);

  [[nodiscard]] const TypeEntry* find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] std::vector<std::string> near(std::string_view name) const;  // what may have been meant, best first

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, TypeEntry, Hash, std::equal_to<>> entries_;
  std::vector<std::string> names_;
};

}  // namespace loom::ingest
