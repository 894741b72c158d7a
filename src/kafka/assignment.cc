#include "kafka/assignment.h"

#include <algorithm>

namespace loom::kafka {

Slot& Assignment::add(const TopicPartition& partition, rd::Queue queue) {
  last_ = {};
  auto& slot = slots_[partition];
  slot = Slot{};
  slot.queue = std::move(queue);
  return slot;
}

void Assignment::remove(const TopicPartition& partition) {
  forget_records(partition);
  last_ = {};
  slots_.erase(partition);
}

void Assignment::clear() {
  last_ = {};
  ready_.clear();
  slots_.clear();
}

Slot* Assignment::find(const TopicPartition& partition) {
  auto it = slots_.find(partition);
  return it == slots_.end() ? nullptr : &it->second;
}

Slot* Assignment::find(const rd_kafka_message_t& message) {
  if (message.rkt == last_.topic && message.partition == last_.partition) return last_.slot;
  auto* slot = find(TopicPartition{TopicName{rd_kafka_topic_name(message.rkt)}, Partition{message.partition}});
  if (slot) last_ = {message.rkt, message.partition, slot};
  return slot;
}

std::vector<TopicPartition> Assignment::partitions() const {
  std::vector<TopicPartition> all;
  for (const auto& [partition, slot] : slots_) all.push_back(partition);
  return all;
}

std::vector<TopicPartition> Assignment::take_idle() {
  std::vector<TopicPartition> idle;
  for (auto& [partition, slot] : slots_)
    if (!std::exchange(slot.has_moved, slot.is_held) && slot.is_joined && slot.is_started) idle.push_back(partition);
  return idle;
}

std::size_t Assignment::laden() const {
  return static_cast<std::size_t>(std::ranges::count_if(slots_, [](const auto& one) {
    const auto& slot = one.second;
    return !slot.is_joined && (!slot.is_paused || slot.ready > 0 || !slot.kept.empty());
  }));
}

void Assignment::make_ready(Slot& slot) {
  slot.ready += slot.kept.size();
  std::ranges::move(slot.kept, std::back_inserter(ready_));
  slot.kept.clear();
}

void Assignment::take_ready(std::vector<Record>& out, std::size_t max,
                            const std::function<void(const TopicPartition&, Slot&)>& drained) {
  for (; !ready_.empty() && out.size() < max; ready_.pop_front()) {
    auto partition = ready_.front().topic_partition();
    auto* slot = find(partition);
    if (!slot) continue;
    --slot->ready;
    (slot->is_held ? slot->kept.emplace_back(std::move(ready_.front())) : out.emplace_back(std::move(ready_.front())));
    slot->has_moved = true;
    if (!slot->is_held && slot->ready == 0) drained(partition, *slot);
  }
}

void Assignment::forget_records(const TopicPartition& partition) {
  if (auto* slot = find(partition)) slot->kept.clear(), slot->ready = 0;
  std::deque<Record> others;
  for (auto& record : ready_)
    if (record.topic_partition() != partition) others.push_back(std::move(record));
  ready_.swap(others);
}

std::size_t Assignment::bytes_waiting() const {
  std::size_t sum = 0;
  for (const auto& record : ready_) sum += record.bytes();
  for (const auto& [partition, slot] : slots_)
    for (const auto& record : slot.kept) sum += record.bytes();
  return sum;
}

}  // namespace loom::kafka
