#include "kafka/stall_check.h"

namespace loom::kafka {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto turn = 5s;

}  // namespace

void StallCheck::begin(rd_kafka_t* client) {
  ends_.reset(rd_kafka_queue_new(client));
  watch_.forget();
}

/// A turn that took much longer than it should says nothing: queues may have been full because nobody polled.
std::optional<TopicPartition> StallCheck::look(rd_kafka_t* client, Assignment& assignment) {
  auto now = Steady::now();
  if (now < next_turn_) return std::nullopt;
  bool is_late = now - next_turn_ > turn / 2;
  next_turn_ = now + turn;
  take_ends();
  auto idle = assignment.take_idle();
  if (is_late) {
    watch_.forget();
    return std::nullopt;
  }
  auto stuck = watch_.turn(idle, [client](const TopicPartition& partition) {
    std::int64_t low = 0, high = 0;
    auto code =
        rd_kafka_get_watermark_offsets(client, partition.topic.get().c_str(), partition.partition.get(), &low, &high);
    return code ? RD_KAFKA_OFFSET_INVALID : high;
  });
  if (!stuck) ask_for_ends(client, idle);
  return stuck;
}

void StallCheck::ask_for_ends(rd_kafka_t* client, std::span<const TopicPartition> partitions) {
  if (partitions.empty()) return;
  rd::Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& partition : partitions) rd::add(list.get(), partition, RD_KAFKA_OFFSET_SPEC_LATEST);
  rd::Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy> options(
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_LISTOFFSETS));
  rd::Failure failure(
      rd_kafka_AdminOptions_set_isolation_level(options.get(), RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED));
  rd_kafka_ListOffsets(client, list.get(), options.get(), ends_.get());
}

/// Answers of this turn and, after an outage, of an older one; where a leader is away there is none.
void StallCheck::take_ends() {
  while (auto event = rd::Event(rd_kafka_queue_poll(ends_.get(), 0))) {
    if (rd_kafka_event_error(event.get())) continue;
    std::size_t count = 0;
    const auto** infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto* element = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
      if (!element->err) watch_.answered(rd::name_of(*element), element->offset);
    }
  }
}

}  // namespace loom::kafka
