#include "runner/lookback.h"

#include <algorithm>

#include "kafka/admin.h"

namespace loom::runner {
namespace {

using namespace std::chrono_literals;
using Times = std::map<model::TopicPartition, std::int64_t>;  // milliseconds

constexpr auto patience = 5s;
constexpr std::int64_t widest_gap = 100;  // offsets before the committed one in which its predecessor is looked for

/// When the last record before each offset was written; partitions that have none are not in the answer.
Result<Times> times_before(const model::ClusterSettings& settings, const kafka::Offsets& offsets,
                           const std::map<model::TopicPartition, kafka::Watermarks>& marks, const Log& log) {
  std::map<model::TopicPartition, kafka::Range> ranges;
  for (const auto& [partition, offset] : offsets) {
    auto low = marks.at(partition).low.get();
    if (offset.get() > low) ranges[partition] = {Offset{std::max(low, offset.get() - widest_gap)}, offset};
  }
  Times times;
  auto read = kafka::read(
      settings, ranges,
      [&](const model::Record* record) {
        if (record) times[record->topic_partition()] = record->timestamp_ms();
        return true;
      },
      log);
  if (!read) return tl::unexpected<Error>(read.error());
  return times;
}

/// The log ends before what was committed: its tail was lost, and what is written since has offsets that the group
/// believes settled. Which those are nobody knows any more, so it reads all again, as a stage that does not join.
Starts take_cut_off(kafka::Offsets& offsets, const std::map<model::TopicPartition, kafka::Watermarks>& marks,
                    const Log& log) {
  Starts starts;
  for (const auto& [partition, offset] : offsets) {
    const auto& [low, high] = marks.at(partition);
    if (offset <= high) continue;
    starts.emplace(partition, Start{low});
    log.warn("a partition ends before what was committed, its tail was lost: it is read again from its beginning",
             {{"topic", partition.topic.get()},
              {"partition", partition.partition.get()},
              {"committed", offset.get()},
              {"end", high.get()}});
  }
  for (const auto& [partition, start] : starts) offsets.erase(partition);
  return starts;
}

}  // namespace

Result<Starts> lookback_starts(const model::ClusterSettings& settings, const ConsumerGroup& group,
                               std::chrono::milliseconds lookback, std::span<const model::TopicPartition> partitions,
                               const Log& log) {
  auto admin = kafka::Admin::open(settings, log);
  if (!admin) return tl::unexpected<Error>(admin.error());
  auto committed = (*admin)->committed(group, patience);
  if (!committed) return tl::unexpected<Error>(committed.error());
  kafka::Offsets ours;
  std::vector<model::TopicPartition> known;
  for (const auto& partition : partitions)
    if (auto found = committed->find(partition); found != committed->end() && found->second.get() >= 0) {
      ours.insert(*found);
      known.push_back(partition);
    }
  auto marks = (*admin)->watermarks(known, patience);
  if (!marks) return tl::unexpected<Error>(marks.error());
  auto starts = take_cut_off(ours, *marks, log);
  auto times = times_before(settings, ours, *marks, log);
  if (!times) return tl::unexpected<Error>(times.error());
  for (const auto& [partition, offset] : ours) {
    auto& start = starts.emplace(partition, Start{offset}).first->second;
    auto time = times->find(partition);
    if (time == times->end()) continue;
    auto from = (*admin)->offsets_at({partition}, std::max<std::int64_t>(time->second - lookback.count(), 0), patience);
    if (!from) return tl::unexpected<Error>(from.error());
    if (auto found = from->find(partition); found != from->end() && found->second < offset)
      start = {found->second, offset};
  }
  return starts;
}

}  // namespace loom::runner
