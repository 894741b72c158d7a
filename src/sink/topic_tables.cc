#include "sink/topic_tables.h"

#include <algorithm>

namespace loom::sink {
namespace {

std::unique_ptr<Binding> leaving_out(const Binding& whole, const std::vector<std::size_t>& columns) {
  auto left = std::make_unique<Binding>(whole);
  auto moved = [&](std::size_t index) {
    return index - static_cast<std::size_t>(std::lower_bound(columns.begin(), columns.end(), index) - columns.begin());
  };
  auto keep = [&](std::optional<std::size_t>& index) {
    if (!index) return;
    bool gone = std::binary_search(columns.begin(), columns.end(), *index);
    index = gone ? std::nullopt : std::optional(moved(*index));
  };
  for (auto at = columns.rbegin(); at != columns.rend(); ++at)
    left->columns.erase(left->columns.begin() + static_cast<std::ptrdiff_t>(*at));
  for (auto& index : left->key) index = moved(index);
  keep(left->message_id), keep(left->part), keep(left->fingerprint);
  return left;
}

}  // namespace

TopicTable::TopicTable(Binding binding) : whole_(std::move(binding)) {
  for (std::size_t i = 0; i < whole_.columns.size(); ++i) {
    bool in_key = std::find(whole_.key.begin(), whole_.key.end(), i) != whole_.key.end();
    if (whole_.columns[i].has_default && !in_key) optional_.push_back(i);
  }
}

const Binding& TopicTable::fit(Row& row) {
  if (optional_.empty()) return whole_;
  std::vector<std::size_t> absent;
  for (auto index : optional_)
    if (is_null(row.cells[index])) absent.push_back(index);
  if (absent.empty()) return whole_;
  for (auto at = absent.rbegin(); at != absent.rend(); ++at)
    row.cells.erase(row.cells.begin() + static_cast<std::ptrdiff_t>(*at));
  auto& left = without_[absent];
  if (!left) left = leaving_out(whole_, absent);
  return *left;
}

Result<TopicTable> TopicTables::read(Database& database, const TopicName& topic) {
  auto mapping = mappings_.topics.find(topic);
  if (mapping == mappings_.topics.end())
    return fail(ErrorKind::configuration, "topic '" + topic.get() + "' has no mapping",
                {.remedy = "add it to topic_mappings.yml"});
  auto binding = read_binding(database, mapping->second);
  if (!binding) return tl::unexpected(binding.error());
  TopicTable table(*std::move(binding));
  for (const auto& array : mapping->second.arrays) {
    auto elements = read_binding(database, model::mapping_of_elements(mapping->second, array));
    if (!elements) return tl::unexpected(elements.error());
    table.elements.emplace_back(array.path, std::make_unique<TopicTable>(*std::move(elements)));
  }
  return table;
}

bool TopicTable::feeds(const TableName& table) const {
  if (whole_.table == table) return true;
  return std::any_of(elements.begin(), elements.end(), [&](const auto& one) { return one.second->feeds(table); });
}

Result<Binding> TopicTables::read_binding(Database& database, const model::TopicMapping& mapping) {
  const auto& table = mapping.table;
  auto live = database.describe(table);
  if (!live) return tl::unexpected(live.error());
  if (!*live)
    return fail(ErrorKind::schema, "there is no table '" + table.get() + "'",
                {.field = table.get(), .remedy = "run 'loom tables apply'"});
  return bind(mappings_, mapping, **live, database.dialect());
}

Result<TopicTable*> TopicTables::of(Database& database, const TopicName& topic) {
  auto found = tables_.find(topic);
  if (found != tables_.end()) return &found->second;
  auto made = read(database, topic);
  if (!made && made.error().kind == ErrorKind::schema && settings_.create) {
    auto applied = apply_tables(database, mappings_);
    if (applied) made = read(database, topic);
  }
  auto mapping = mappings_.topics.find(topic);
  if (!made) {
    if (made.error().kind == ErrorKind::schema) say(mapping->second.table, made.error());
    return tl::unexpected(made.error());
  }
  if (troubles_.erase(mapping->second.table) > 0)
    log_.info("table fits again", {{"table", mapping->second.table.get()}});
  return &tables_.emplace(topic, *std::move(made)).first->second;
}

void TopicTables::say(const TableName& table, const Error& error) {
  auto text = to_string(error);
  auto& said = troubles_[table];
  if (said == text) return;
  said = text;
  log_.error("table does not fit: its topics wait, the others go on", {{"table", table.get()}, {"error", text}});
}

void TopicTables::trouble(const TableName& table, const Error& error) {
  say(table, error);
  std::erase_if(tables_, [&](const auto& entry) { return entry.second.feeds(table); });
}

}  // namespace loom::sink
