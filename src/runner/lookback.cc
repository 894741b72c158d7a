#include "runner/lookback.h"

#include <algorithm>

#include "kafka/admin.h"
#include "runner/walk_back.h"

namespace loom::runner {
namespace {

using namespace std::chrono_literals;
using Times = std::map<model::TopicPartition, std::int64_t>;  // milliseconds

constexpr auto patience = 5s;
constexpr std::int64_t widest_hole = 100;  // offsets before the committed one in which its predecessor is looked for

/// When the last record before each offset was written; partitions that have none are not in the answer.
Result<Times> times_before(const model::ClusterSettings& settings, const kafka::Offsets& offsets,
                           const std::map<model::TopicPartition, kafka::Watermarks>& marks, const Log& log) {
  std::map<model::TopicPartition, kafka::Range> ranges;
  for (const auto& [partition, offset] : offsets) {
    auto low = marks.at(partition).low.get();
    if (offset.get() > low) ranges[partition] = {Offset{std::max(low, offset.get() - widest_hole)}, offset};
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

/// Where the lookback before `walk.from` begins, whose last record is of `time`. By time, where that can be searched: a
/// first record of the future, or none for a while, says that a clock was set.
Result<Offset> begin_of(kafka::Admin& admin, const model::ClusterSettings& settings, const Walk& walk,
                        std::int64_t time, std::chrono::milliseconds lookback, const Log& log) {
  auto wanted = std::max<std::int64_t>(time - lookback.count(), 0);
  auto found = admin.offsets_at({walk.partition}, wanted, patience);
  if (!found) return tl::unexpected<Error>(found.error());
  auto begin = found->contains(walk.partition) ? std::min(found->at(walk.partition), walk.from) : walk.from;
  auto first = times_before(settings, {{walk.partition, Offset{begin.get() + 1}}}, {{walk.partition, {begin, {}}}}, log);
  if (!first) return tl::unexpected<Error>(first.error());
  auto of_first = first->contains(walk.partition) ? first->at(walk.partition) : wanted;
  bool is_set = begin == walk.from || of_first > time || of_first - wanted > widest_gap.count();
  return is_set ? walk_back(settings, walk, lookback, log) : Result<Offset>(begin);
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
    auto begin = begin_of(**admin, settings, {partition, marks->at(partition).low, offset}, time->second, lookback, log);
    if (!begin) return tl::unexpected<Error>(begin.error());
    if (*begin < offset) start = {*begin, offset};
  }
  return starts;
}

}  // namespace loom::runner
