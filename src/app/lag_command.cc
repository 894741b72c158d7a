// loom lag, the part that asks the cluster.
#include <algorithm>
#include <cstdio>
#include <thread>

#include "app/lag.h"
#include "app/records.h"
#include "books/ranges.h"
#include "base/clock.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Ages = std::map<model::TopicPartition, double>;

constexpr auto wait = 10s;
constexpr auto between_looks = 1s;

struct Watched {
  ConsumerGroup group;
  std::vector<model::TopicPartition> partitions;
  std::vector<TopicName> missing;
};
struct Look {
  std::map<ConsumerGroup, LagSample> samples;
  Clock::time_point at;
};

Result<std::vector<Watched>> watched_groups(kafka::Admin& admin, const Loaded& loaded) {
  std::vector<Watched> all;
  for (const auto& [group, stage] : loaded.catalogue.stages) {
    Watched one{group, {}, {}};
    auto inputs = inputs_of(loaded, stage);
    auto partitions = books::partitions_of(admin, inputs);
    if (!partitions) return tl::unexpected(partitions.error());
    one.partitions = std::move(*partitions);
    for (const auto& topic : inputs)
      if (std::none_of(one.partitions.begin(), one.partitions.end(), [&](const auto& it) { return it.topic == topic; }))
        one.missing.push_back(topic);
    all.push_back(std::move(one));
  }
  return all;
}

Result<Look> look(kafka::Admin& admin, const std::vector<Watched>& groups) {
  Look now;
  now.at = Clock::now();
  for (const auto& watched : groups) {
    auto& sample = now.samples[watched.group];
    if (watched.partitions.empty()) continue;
    // Committed first: what is settled between the two questions then shows as lag, never as less than none.
    auto committed = admin.committed(watched.group, wait);
    if (!committed) return tl::unexpected(committed.error());
    auto marks = admin.watermarks(watched.partitions, wait);
    if (!marks) return tl::unexpected(marks.error());
    sample = {std::move(*committed), std::move(*marks)};
  }
  return now;
}

/// The timestamps of the records at these places, as far as there are any: one record a partition is read.
std::map<model::TopicPartition, std::int64_t> timestamps_at(const model::ClusterSettings& settings,
                                                            const std::map<model::TopicPartition, kafka::Range>& ranges,
                                                            const Log& log) {
  std::map<model::TopicPartition, std::int64_t> found;
  if (ranges.empty()) return found;
  auto read = kafka::read(
      settings, ranges,
      [&](const model::Record* record) {
        if (record) found.emplace(record->topic_partition(), record->timestamp_ms());
        return found.size() < ranges.size();
      },
      log);
  if (!read) log.warn("first unread records could not be read", {{"error", to_string(read.error())}});
  return found;
}

/// The first unread record's age. Offsets have gaps: where nothing lies at the very offset, what follows is read, for a
/// few partitions only.
void fill_ages(const model::ClusterSettings& settings, std::vector<PartitionLag>& partitions, const Log& log) {
  std::map<model::TopicPartition, kafka::Range> ranges;
  for (const auto& lag : partitions)
    if (lag.records() > 0) ranges[lag.partition] = {lag.next, Offset{lag.next.get() + 1}};
  auto found = timestamps_at(settings, ranges, log);
  int gaps = 0;
  for (auto& lag : partitions) {
    if (lag.records() == 0) continue;
    if (!found.contains(lag.partition) && gaps++ < 8)
      found.merge(timestamps_at(settings, {{lag.partition, {lag.next, lag.end}}}, log));
    if (auto at = found.find(lag.partition); at != found.end())
      lag.seconds = std::max(0.0, static_cast<double>(now_micros() / 1000 - at->second) / 1000);
  }
}

Result<std::vector<GroupLag>> lag_of(kafka::Admin& admin, const Loaded& loaded, const Log& log) {
  auto watched = watched_groups(admin, loaded);
  if (!watched) return tl::unexpected(watched.error());
  auto before = look(admin, *watched);
  if (!before) return tl::unexpected(before.error());
  std::this_thread::sleep_until(before->at + between_looks);
  auto now = look(admin, *watched);
  if (!now) return tl::unexpected(now.error());
  std::vector<ConsumerGroup> names;
  std::vector<GroupLag> all;
  for (const auto& one : *watched) {
    GroupLag group{one.group, "", 0,
                   partitions_behind(before->samples[one.group], now->samples[one.group], now->at - before->at),
                   one.missing};
    fill_ages(loaded.catalogue.kafka, group.partitions, log);
    names.push_back(one.group);
    all.push_back(std::move(group));
  }
  auto infos = admin.groups(names, wait);
  if (!infos) return tl::unexpected(infos.error());
  for (auto& group : all)
    for (const auto& info : *infos)
      if (info.name == group.group) group.state = info.state, group.members = info.members.size();
  return all;
}

}  // namespace

int lag_command(const Common& common) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto log = tool_log(loaded->catalogue, "lag");
  auto admin = kafka::Admin::open(loaded->catalogue.kafka, log);
  if (!admin) return report(admin.error());
  auto groups = lag_of(**admin, *loaded, log);
  if (!groups) return report(groups.error());
  std::printf("%s%s", (common.json ? lag_json(*groups) : lag_table(*groups)).c_str(), common.json ? "\n" : "");
  return 0;
}

}  // namespace loom::app
