#include "kafka/live_admin.h"

namespace loom::kafka {
namespace {

using NewOffsets = rd::Owned<rd_kafka_AlterConsumerGroupOffsets_t, rd_kafka_AlterConsumerGroupOffsets_destroy>;
using GroupOffsets = rd::Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;

/// A commit from outside a group that is not empty: the broker takes it for one of a member it does not know.
bool is_refused_for_members(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP ||
         code == RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH || code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
}

}  // namespace

Result<Offsets> LiveAdmin::committed(const ConsumerGroup& group, Wait wait) {
  return patiently(wait, [&](Wait left) { return ask_committed(group, left); });
}

Result<Offsets> LiveAdmin::ask_committed(const ConsumerGroup& group, Wait wait) {
  GroupOffsets request(rd_kafka_ListConsumerGroupOffsets_new(group.get().c_str(), nullptr));
  auto* raw = request.get();
  auto event = ask(of_group(group), wait, [&](auto* options, auto* queue) {
    rd_kafka_ListConsumerGroupOffsets(client_.get(), &raw, 1, options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  Offsets offsets;
  for (std::size_t i = 0; i < count; ++i) {
    auto code = rd_kafka_error_code(rd_kafka_group_result_error(results[i]));
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) continue;
    if (code) return tl::unexpected(rd::error_of(code, of_group(group)));
    const auto* list = rd_kafka_group_result_partitions(results[i]);
    for (int j = 0; list && j < list->cnt; ++j)
      if (list->elems[j].offset >= 0) offsets.emplace(rd::name_of(list->elems[j]), Offset{list->elems[j].offset});
  }
  return offsets;
}

Result<void> LiveAdmin::set_committed(const ConsumerGroup& group, const Offsets& next, Wait wait) {
  if (next.empty()) return {};
  return patiently(wait, [&](Wait left) { return ask_to_commit(group, next, left); });
}

Result<void> LiveAdmin::ask_to_commit(const ConsumerGroup& group, const Offsets& next, Wait wait) {
  rd::Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(next.size())));
  for (const auto& [partition, offset] : next) rd::add(list.get(), partition, offset.get());
  NewOffsets request(rd_kafka_AlterConsumerGroupOffsets_new(group.get().c_str(), list.get()));
  auto* raw = request.get();
  auto event = ask(of_group(group), wait, [&](auto* options, auto* queue) {
    rd_kafka_AlterConsumerGroupOffsets(client_.get(), &raw, 1, options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    auto code = rd_kafka_error_code(rd_kafka_group_result_error(results[i]));
    const auto* answered = rd_kafka_group_result_partitions(results[i]);
    for (int j = 0; !code && answered && j < answered->cnt; ++j) code = answered->elems[j].err;
    if (is_refused_for_members(code))
      return fail(ErrorKind::conflict, of_group(group) + " has members", {.remedy = "stop them first"});
    if (code) return tl::unexpected(rd::error_of(code, of_group(group)));
  }
  return {};
}

// A topic that was just made has no leader for a moment.
Result<Offsets> LiveAdmin::offsets(const std::vector<TopicPartition>& partitions, std::int64_t spec, Wait wait) {
  return patiently(wait, [&](Wait left) { return ask_offsets(partitions, spec, left); });
}

Result<Offsets> LiveAdmin::ask_offsets(const std::vector<TopicPartition>& partitions, std::int64_t spec, Wait wait) {
  Offsets found;
  if (partitions.empty()) return found;
  rd::Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& partition : partitions) rd::add(list.get(), partition, spec);
  auto event = ask("offsets", wait, [&](auto* options, auto* queue) {
    rd_kafka_ListOffsets(client_.get(), list.get(), options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* element = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    if (element->err)
      return tl::unexpected(rd::error_of(
          element->err, "partition " + std::string(element->topic) + "/" + std::to_string(element->partition)));
    found.emplace(rd::name_of(*element), Offset{element->offset});
  }
  return found;
}

Result<std::map<TopicPartition, Watermarks>> LiveAdmin::watermarks(const std::vector<TopicPartition>& partitions,
                                                                   Wait wait) {
  auto low = offsets(partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST, wait);
  if (!low) return tl::unexpected(low.error());
  auto high = offsets(partitions, RD_KAFKA_OFFSET_SPEC_LATEST, wait);
  if (!high) return tl::unexpected(high.error());
  std::map<TopicPartition, Watermarks> found;
  for (const auto& [partition, offset] : *low) found.emplace(partition, Watermarks{offset, (*high)[partition]});
  return found;
}

Result<Offsets> LiveAdmin::offsets_at(const std::vector<TopicPartition>& partitions, std::int64_t timestamp_ms,
                                      Wait wait) {
  auto found = offsets(partitions, std::max<std::int64_t>(0, timestamp_ms), wait);
  if (!found) return found;
  std::vector<TopicPartition> later;
  for (const auto& [partition, offset] : *found)
    if (offset.get() < 0) later.push_back(partition);
  auto ends = offsets(later, RD_KAFKA_OFFSET_SPEC_LATEST, wait);
  if (!ends) return ends;
  for (const auto& [partition, offset] : *ends) (*found)[partition] = offset;
  return found;
}

}  // namespace loom::kafka
