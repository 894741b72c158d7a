#include "sink/positions.h"

#include <algorithm>
#include <set>

namespace loom::sink {

OffsetKey Positions::key_of(const model::TopicPartition& partition) const {
  std::lock_guard lock(mutex_);
  auto id = topic_ids_.find(partition.topic);
  return {partition, id == topic_ids_.end() ? "" : id->second};
}

void Positions::know(const TopicIds& topic_ids) {
  std::lock_guard lock(mutex_);
  for (const auto& [topic, id] : topic_ids) topic_ids_[topic] = id;
}

void Positions::warn_of_recreated(const std::vector<OffsetRow>& rows, const model::TopicPartition& partition) const {
  auto earlier =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.key.partition == partition; });
  if (earlier == rows.end()) return;
  log_.warn("topic was created anew: reading it from its beginning, identities prevent doubles; records without a "
            "message_id get the ids of the earlier topic's and fall on its rows: give them one, or empty the table",
            {{"topic", partition.topic.get()},
             {"partition", partition.partition.get()},
             {"offset_of_the_earlier_topic", earlier->next.get()}});
}

Offset Positions::stored_of(const OffsetRow& row, const Marks& marks) const {
  auto mark = marks.find(row.key.partition);
  if (mark == marks.end() || row.next <= mark->second.high) return row.next;
  log_.warn("a partition ends before what is stored of it, its tail was lost: it is read again from its beginning",
            {{"topic", row.key.partition.topic.get()},
             {"partition", row.key.partition.partition.get()},
             {"stored", row.next.get()},
             {"end", mark->second.high.get()}});
  return mark->second.low;
}

Result<kafka::Offsets> Positions::load(Database& database, std::span<const model::TopicPartition> partitions,
                                       const Marks& marks) {
  std::set<TopicName> names;
  for (const auto& partition : partitions) names.insert(partition.topic);
  std::vector<TopicName> topics(names.begin(), names.end());
  auto rows = database.read_offsets(owner_, topics);
  if (!rows) return tl::unexpected(rows.error());
  kafka::Offsets offsets;
  for (const auto& partition : partitions) {
    auto key = key_of(partition);
    auto row = std::find_if(rows->begin(), rows->end(), [&](const auto& one) { return one.key == key; });
    Position position;
    if (row != rows->end())
      position = {row->next, stored_of(*row, marks)};
    else
      warn_of_recreated(*rows, partition);
    offsets[partition] = position.stored;
    std::lock_guard lock(mutex_);
    positions_[partition] = position;
  }
  return offsets;
}

std::optional<Positions::Position> Positions::find(const model::TopicPartition& partition) const {
  std::lock_guard lock(mutex_);
  auto found = positions_.find(partition);
  return found == positions_.end() ? std::nullopt : std::optional(found->second);
}

void Positions::set(const model::TopicPartition& partition, std::optional<Offset> next) {
  std::lock_guard lock(mutex_);
  positions_[partition] = {next, next.value_or(Offset{0})};
}

}  // namespace loom::sink
