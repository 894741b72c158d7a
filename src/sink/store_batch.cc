#include "sink/store_batch.h"

#include <algorithm>

#include "model/message.h"
#include "runner/headers.h"
#include "sink/rows.h"

namespace loom::sink {
namespace {

using runner::Done;

std::string_view name_of(RowOutcome outcome) {
  switch (outcome) {
    case RowOutcome::stored:
      return "stored";
    case RowOutcome::repeated:
      return "repeated";
    case RowOutcome::merged:
      return "merged";
    case RowOutcome::dead:
      return "dead";
  }
  return "stored";
}

bool is_at(const model::Record& record, const model::TopicPartition& place) {
  return record.partition() == place.partition && record.topic() == place.topic.get();
}

}  // namespace

StoreBatch::StoreBatch(Records records, const Positions& positions) : records_(records), positions_(positions) {
  verdicts_.resize(records.size(), Done{"repeated"});
  batch_.owner = positions.owner();
  auto lane = lanes_.end();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& record = *records[i];
    if (lane == lanes_.end() || !is_at(record, lane->first)) {
      lane = lanes_.try_emplace(record.topic_partition()).first;
      auto position = positions.find(lane->first);
      lane->second.from = position ? position->next : std::nullopt;
      if (lane->second.records.empty()) lane->second.to = position ? position->stored : Offset{0};
    }
    lane->second.records.push_back(i);  // one stored before is found by its identity: lost offsets come again (0038)
    lane->second.to = std::max(lane->second.to, Offset{record.offset().get() + 1});
  }
}

std::vector<TopicName> StoreBatch::topics() const {
  std::vector<TopicName> names;
  for (const auto& [partition, lane] : lanes_)
    if (names.empty() || names.back() != partition.topic) names.push_back(partition.topic);
  return names;
}

std::vector<model::TopicPartition> StoreBatch::partitions() const {
  std::vector<model::TopicPartition> all;
  for (const auto& [partition, lane] : lanes_) all.push_back(partition);
  return all;
}

void StoreBatch::convert(const TopicName& topic, TopicTable& table) {
  for (const auto& [partition, lane] : lanes_) {
    if (partition.topic != topic) continue;
    for (auto index : lane.records) convert_one(index, table);
  }
}

void StoreBatch::convert_one(std::size_t index, TopicTable& table) {
  const auto& record = *records_[index];
  if (runner::is_for_another_group(record, positions_.owner().group)) {
    verdicts_[index] = Done{"not_ours"};
    return;
  }
  auto envelope = model::decode(record, positions_.owner().cluster_id, document_);
  auto row = envelope ? to_row(table.binding(), record, *envelope) : Result<Row>(tl::unexpected(envelope.error()));
  if (!row) return refuse(index, std::move(row.error()));
  std::vector<std::vector<Row>> elements;
  for (auto& [path, element_table] : table.elements) {
    auto rows = to_element_rows(element_table->binding(), path, record, *envelope);
    if (!rows) return refuse(index, std::move(rows.error()));
    elements.push_back(*std::move(rows));
  }
  const auto& binding = table.fit(*row);
  add_row(index, binding, *std::move(row));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    for (auto& element : elements[i]) {
      const auto& fitting = table.elements[i].second->fit(element);
      add_row(index, fitting, std::move(element), true);
    }
  }
}

void StoreBatch::refuse(std::size_t index, Error error) {
  verdicts_[index] = Done{"dead"};
  refused_.push_back({index, std::move(error)});
}

void StoreBatch::add_row(std::size_t index, const Binding& binding, Row row, bool is_element) {
  if (is_element) {
    element_bindings_.insert(&binding);
    families_.insert(index);
  }
  auto group = std::find_if(batch_.groups.begin(), batch_.groups.end(),
                            [&](const auto& one) { return one.binding == &binding; });
  if (group == batch_.groups.end()) {
    batch_.groups.push_back({&binding, {}});
    batch_.groups.back().rows.reserve(records_.size());
    row_records_.emplace_back();
    group = batch_.groups.end() - 1;
  }
  group->rows.push_back(std::move(row));
  row_records_[static_cast<std::size_t>(group - batch_.groups.begin())].push_back(index);
}

void StoreBatch::drop_rows(const model::TopicPartition* partition, const TopicName& topic) {
  auto leaves = [&](std::size_t index) {
    return partition ? is_at(*records_[index], *partition) : records_[index]->topic() == topic.get();
  };
  drop_rows_if(leaves);
  std::erase_if(refused_, [&](const Refused& one) { return leaves(one.record); });
}

template <class Leaves>
void StoreBatch::drop_rows_if(const Leaves& leaves) {
  for (std::size_t g = 0; g < batch_.groups.size(); ++g) {
    auto& rows = batch_.groups[g].rows;
    auto& records = row_records_[g];
    std::size_t kept = 0;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (leaves(records[r])) continue;
      if (kept != r) rows[kept] = std::move(rows[r]), records[kept] = records[r];
      ++kept;
    }
    rows.resize(kept);
    records.resize(kept);
  }
}

bool StoreBatch::refuse_families(std::span<const BadRow> bad) {
  std::map<std::size_t, const Error*> found;
  for (const auto& one : bad) {
    auto record = row_records_[one.group][one.row];
    if (families_.contains(record)) found.try_emplace(record, &one.error);
  }
  for (const auto& [record, error] : found) refuse(record, *error);
  if (found.empty()) return false;
  drop_rows_if([&](std::size_t index) { return found.contains(index); });
  drop_empty_groups();
  return true;
}

void StoreBatch::settle_partition(const model::TopicPartition& partition, const runner::Verdict& verdict) {
  auto lane = lanes_.find(partition);
  if (lane == lanes_.end()) return;
  for (auto index : lane->second.records) verdicts_[index] = verdict;
  drop_rows(&lane->first, partition.topic);
  lanes_.erase(lane);
}

void StoreBatch::settle_topic(const TopicName& topic, const runner::Verdict& verdict) {
  for (auto lane = lanes_.begin(); lane != lanes_.end();) {
    if (lane->first.topic != topic) {
      ++lane;
      continue;
    }
    for (auto index : lane->second.records) verdicts_[index] = verdict;
    lane = lanes_.erase(lane);
  }
  drop_rows(nullptr, topic);
}

void StoreBatch::drop_empty_groups() {
  for (std::size_t g = batch_.groups.size(); g-- > 0;) {
    if (!batch_.groups[g].rows.empty()) continue;
    batch_.groups.erase(batch_.groups.begin() + static_cast<std::ptrdiff_t>(g));
    row_records_.erase(row_records_.begin() + static_cast<std::ptrdiff_t>(g));
  }
}

void StoreBatch::settle_all(const runner::Verdict& verdict) {
  for (const auto& topic : topics()) settle_topic(topic, verdict);
}

const Batch& StoreBatch::batch() {
  batch_.offsets.clear();
  for (const auto& [partition, lane] : lanes_)
    batch_.offsets.push_back({positions_.key_of(partition), lane.from, lane.to});
  return batch_;
}

std::vector<runner::Rejected> StoreBatch::rejected(std::span<const BadRow> bad) const {
  std::vector<runner::Rejected> all;
  for (const auto& one : refused_) all.push_back({records_[one.record], one.error});
  for (const auto& one : bad) all.push_back({records_[row_records_[one.group][one.row]], one.error});
  return all;
}

void StoreBatch::settle_written(const Written& written) {
  for (std::size_t g = 0; g < written.groups.size(); ++g)
    for (std::size_t r = 0; r < written.groups[g].size() && !element_bindings_.contains(batch_.groups[g].binding); ++r)
      verdicts_[row_records_[g][r]] = Done{name_of(written.groups[g][r])};
  lanes_.clear();
}

}  // namespace loom::sink
