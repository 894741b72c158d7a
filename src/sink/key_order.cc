#include "sink/key_order.h"

#include <algorithm>
#include <numeric>

namespace loom::sink {
namespace {

struct KeyOrder {
  const Binding& binding;
  const std::vector<Row>& rows;

  [[nodiscard]] bool before(std::size_t a, std::size_t b) const {
    for (auto column : binding.key) {
      const auto& left = rows[a].cells[column];
      const auto& right = rows[b].cells[column];
      if (left < right) return true;
      if (right < left) return false;
    }
    return false;
  }

  [[nodiscard]] std::vector<std::size_t> sorted() const {
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    auto less = [this](std::size_t a, std::size_t b) { return before(a, b); };
    if (!std::is_sorted(order.begin(), order.end(), less)) std::stable_sort(order.begin(), order.end(), less);
    return order;
  }
};

}  // namespace

std::vector<std::vector<std::size_t>> runs_by_key(const Binding& binding, const std::vector<Row>& rows) {
  KeyOrder keys{binding, rows};
  std::vector<std::vector<std::size_t>> runs;
  for (auto index : keys.sorted()) {
    if (runs.empty() || keys.before(runs.back().back(), index)) runs.emplace_back();
    runs.back().push_back(index);
  }
  return runs;
}

std::optional<std::vector<std::size_t>> distinct_by_key(const Binding& binding, const std::vector<Row>& rows) {
  KeyOrder keys{binding, rows};
  auto order = keys.sorted();
  for (std::size_t i = 1; i < order.size(); ++i)
    if (!keys.before(order[i - 1], order[i])) return std::nullopt;
  return order;
}

}  // namespace loom::sink
