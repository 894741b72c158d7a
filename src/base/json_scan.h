// Scanning of JSON text that has been validated, and the walk along dotted paths. Views into the given text; no state;
// any thread. Text that was not validated gives nullopt or nonsense, never a read outside of it.
//   find_nul_escape(R"({"a":"\u0000"})") == 6
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace loom::json {

/// The byte offset of the first \u0000 escape.
[[nodiscard]] std::optional<std::size_t> find_nul_escape(std::string_view validated);

/// "12" → 12; nullopt for what is no array index ("+1", "01", "").
[[nodiscard]] inline std::optional<std::size_t> index_of_step(std::string_view step) {
  std::size_t index = 0;
  auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc() || end != step.data() + step.size()) return std::nullopt;
  if (step.size() > 1 && step.front() == '0') return std::nullopt;
  return index;
}

/// Walks "a.0.b" by `child(of, step)`. A key may hold dots itself (consumer groups do): the shortest key that leads to
/// the end wins.
template <class V, class Child>
std::optional<V> walk_path(const V& from, std::string_view dotted, const Child& child) {
  for (auto dot = dotted.find('.');; dot = dotted.find('.', dot + 1)) {
    auto next = child(from, dotted.substr(0, dot));
    if (dot == std::string_view::npos) return next;
    if (next) {
      if (auto found = walk_path(*next, dotted.substr(dot + 1), child)) return found;
    }
  }
}

}  // namespace loom::json
