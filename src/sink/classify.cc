#include "sink/classify.h"

namespace loom::sink {
namespace {

std::optional<std::string> text_at(const Row& row, std::optional<std::size_t> index) {
  return index ? plain_text(row.cells[*index]) : std::nullopt;
}

}  // namespace

std::string to_text(const Uuid& uuid) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string to(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.value.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    to[at++] = digits[uuid.value[i] >> 4];
    to[at++] = digits[uuid.value[i] & 15];
  }
  return to;
}

std::optional<std::string> plain_text(const Cell& cell) {
  if (const auto* text = std::get_if<Text>(&cell)) return text->value;
  if (const auto* uuid = std::get_if<Uuid>(&cell)) return to_text(*uuid);
  if (const auto* blob = std::get_if<Blob>(&cell)) return blob->value;
  return std::nullopt;
}

Existing existing_of(const Binding& binding, const Row& row) {
  return {text_at(row, binding.message_id), text_at(row, binding.part), text_at(row, binding.fingerprint)};
}

Clash classify(const Binding& binding, const Row& row, const Existing& existing) {
  auto mine = existing_of(binding, row);
  if (!mine.message_id || mine.message_id != existing.message_id) return Clash::other;
  if (binding.part && mine.part.value_or("") != existing.part.value_or("")) return Clash::other;
  if (mine.fingerprint && existing.fingerprint && mine.fingerprint != existing.fingerprint) return Clash::conflict;
  return Clash::repeated;
}

Error identity_conflict(const Binding& binding, const Row& row) {
  auto mine = existing_of(binding, row);
  return Error{ErrorKind::conflict,
               "table '" + binding.table.get() + "' has message " + mine.message_id.value_or("?") +
                   (mine.part.value_or("").empty() ? "" : " part " + *mine.part) + " with other data",
               "message_id", "send changed data under a new message_id", "identity_conflict"};
}

}  // namespace loom::sink
