#include "books/wanted_rows.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "model/message.h"
#include "sink/classify.h"
#include "sink/rows.h"

namespace loom::books {
namespace {

constexpr char separator = '\0';
constexpr std::string_view refused = "refused";

std::uint64_t number_of(std::string_view fingerprint) {
  std::uint64_t number = 0;
  auto digits = fingerprint.substr(0, 16);
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

std::string key_of(std::string_view id, std::string_view part) { return std::string(id) + '/' + std::string(part); }

std::string id_of(const Entry& entry) { return sink::to_text(sink::Uuid{entry.id}); }

Result<sink::RowFinder> finder_of(sink::Database& database, const model::Mappings& mappings,
                                  const model::TopicMapping& mapping) {
  auto live = database.describe(mapping.table);
  if (!live) return tl::unexpected(live.error());
  if (!*live)
    return fail(ErrorKind::schema, "there is no table '" + mapping.table.get() + "'",
                {.field = mapping.table.get(), .remedy = "run 'loom tables apply'"});
  auto binding = sink::binding_for_reading(mappings, mapping, **std::move(live), database.dialect());
  if (!binding) return tl::unexpected(binding.error());
  return sink::RowFinder(database, *std::move(binding));
}

std::vector<std::string> distinct_ids(const std::vector<const Entry*>& entries) {
  std::vector<std::string> ids;
  const UuidBytes* before = nullptr;
  for (const auto* entry : entries) {
    if (!before || *before != entry->id) ids.push_back(id_of(*entry));
    before = &entry->id;
  }
  return ids;
}

}  // namespace

std::string to_text(const RowsNote& note) {
  if (note.is_refused) return std::string(refused);
  if (note.condition.empty() && note.elements.empty()) return "";
  std::string text(1, separator);
  text += note.condition;
  for (auto count : note.elements) (text += separator) += std::to_string(count);
  return text;
}

RowsNote rows_note(std::string_view text) {
  RowsNote note;
  if (text == refused) {
    note.is_refused = true;
  } else if (!text.empty()) {
    text.remove_prefix(1);
    auto end = text.find(separator);
    note.condition = text.substr(0, end);
    while (end != std::string_view::npos) {
      text.remove_prefix(end + 1);
      end = text.find(separator);
      std::int64_t count = 0;
      auto digits = text.substr(0, end);
      std::from_chars(digits.data(), digits.data() + digits.size(), count);
      note.elements.push_back(count);
    }
  }
  return note;
}

Result<WantedRows> WantedRows::open(sink::Database& database, const model::Mappings& mappings, const TopicName& topic) {
  const auto& mapping = mappings.topics.at(topic);
  auto own = finder_of(database, mappings, mapping);
  if (!own) return tl::unexpected(own.error());
  WantedRows wanted(*std::move(own));
  for (const auto& array : mapping.arrays) {
    auto elements = finder_of(database, mappings, model::mapping_of_elements(mapping, array));
    if (!elements) return tl::unexpected(elements.error());
    wanted.elements_.push_back({array.path, *std::move(elements)});
  }
  return wanted;
}

void WantedRows::note(const model::Record& record, const std::string& cluster_id, Entry& entry, std::string& text) {
  RowsNote note;
  std::string condition;
  auto envelope = model::decode(record, cluster_id, document_);
  note.is_refused = !envelope;
  if (envelope && own_.binding().fingerprint) entry.fingerprint = number_of(model::fingerprint(record.value()));
  if (envelope && (!own_.is_by_identity() || !elements_.empty())) {
    auto row = sink::to_row(own_.binding(), record, *envelope);
    note.is_refused = !row;
    if (row && !own_.is_by_identity()) note.condition = condition = own_.condition_of(*row);
    for (auto& [path, finder] : elements_) {
      auto rows = sink::to_element_rows(finder.binding(), path, record, *envelope);
      note.is_refused |= !rows;
      note.elements.push_back(rows ? static_cast<std::int64_t>(rows->size()) : 0);
    }
  }
  text = to_text(note);
  entry.rows = text;
}

Result<std::vector<RowsThere>> WantedRows::find(const std::vector<const Entry*>& entries) {
  std::vector<RowsThere> there(entries.size());
  if (auto done = find_own(entries, there); !done) return tl::unexpected(done.error());
  if (elements_.empty()) return there;
  if (auto done = find_elements(entries, there); !done) return tl::unexpected(done.error());
  return there;
}

Result<void> WantedRows::find_own(const std::vector<const Entry*>& entries, std::vector<RowsThere>& there) {
  auto add = [](RowsThere& to, const sink::FoundRows& rows) {
    to.rows += rows.count;
    if (!rows.fingerprint.empty()) to.fingerprints.push_back(number_of(rows.fingerprint));
  };
  if (own_.is_by_identity()) {
    auto rows = own_.by_identity(distinct_ids(entries));
    if (!rows) return tl::unexpected(rows.error());
    std::unordered_multimap<std::string, const sink::FoundRows*> by_key;
    for (const auto& one : *rows) by_key.emplace(key_of(one.message_id, one.part), &one);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      auto [from, to] = by_key.equal_range(key_of(id_of(*entries[i]), entries[i]->part));
      for (auto it = from; it != to; ++it) add(there[i], *it->second);
    }
    return {};
  }
  std::vector<std::string> conditions;
  for (const auto* entry : entries) conditions.emplace_back(rows_note(entry->rows).condition);
  auto rows = own_.by_condition(conditions);
  if (!rows) return tl::unexpected(rows.error());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    bool is_mine = false;
    for (const auto& one : (*rows)[i]) {
      there[i].rows += one.count;
      is_mine |= one.message_id == id_of(*entries[i]) && one.part == entries[i]->part;
    }
    there[i].is_other = there[i].rows > 0 && !is_mine && own_.binding().message_id.has_value();
  }
  return {};
}

Result<void> WantedRows::find_elements(const std::vector<const Entry*>& entries, std::vector<RowsThere>& there) {
  auto ids = distinct_ids(entries);
  for (auto& elements : elements_) {
    bool can_count = elements.finder.is_by_identity();
    std::unordered_map<std::string, std::int64_t> counts;
    if (can_count) {
      auto rows = elements.finder.by_identity(ids);
      if (!rows) return tl::unexpected(rows.error());
      for (const auto& one : *rows) counts[key_of(one.message_id, one.part)] += one.count;
    }
    for (std::size_t i = 0; i < entries.size(); ++i)
      there[i].elements.push_back(can_count ? counts[key_of(id_of(*entries[i]), entries[i]->part)] : -1);
  }
  return {};
}

}  // namespace loom::books
