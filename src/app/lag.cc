#include "app/lag.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "loom/json.h"

namespace loom::app {
namespace {

Offset next_of(const LagSample& sample, const model::TopicPartition& partition, const kafka::Watermarks& marks) {
  auto committed = sample.committed.find(partition);
  if (committed == sample.committed.end() || committed->second.get() < 0) return marks.low;
  return std::clamp(committed->second, marks.low, std::max(marks.low, marks.high));
}

std::string text_of_seconds(std::optional<double> seconds, const std::string& absent) {
  if (!seconds) return absent;
  if (*seconds < 100) return fmt::format("{:.1f} s", *seconds);
  if (*seconds < 6000) return fmt::format("{:.0f} min", *seconds / 60);
  if (*seconds < 48 * 3600) return fmt::format("{:.0f} h", *seconds / 3600);
  return fmt::format("{:.0f} d", *seconds / 86400);
}

std::string row(const std::string& name, const std::string& members, const LagSum& sum) {
  return fmt::format("{:<56} {:>7} {:>10} {:>9} {:>9.0f} {:>9.0f} {:>9}\n", name, members, sum.records,
                     text_of_seconds(sum.seconds, "-"), sum.read_per_second, sum.written_per_second,
                     text_of_seconds(sum.catch_up, "never"));
}

void add_sum(json::Writer& to, const LagSum& sum) {
  auto rounded = [](double value) { return std::round(value * 1000) / 1000; };
  auto optional = [&](std::string_view name, std::optional<double> value) {
    if (value)
      to.field(name, rounded(*value));
    else
      to.raw(name, "null");
  };
  to.field("records", sum.records);
  optional("seconds", sum.seconds);
  to.field("read_per_second", rounded(sum.read_per_second))
      .field("written_per_second", rounded(sum.written_per_second));
  optional("catch_up_seconds", sum.catch_up);
}

std::string json_of(const PartitionLag& lag) {
  json::Writer one;
  one.field("topic", lag.partition.topic.get())
      .field("partition", static_cast<std::int64_t>(lag.partition.partition.get()));
  if (lag.committed)
    one.field("committed", lag.committed->get());
  else
    one.raw("committed", "null");
  one.field("end", lag.end.get());
  add_sum(one, sum_of({lag}));
  return one.text();
}

std::string json_of(const GroupLag& group) {
  std::vector<std::string> partitions, missing;
  for (const auto& lag : group.partitions) partitions.push_back(json_of(lag));
  for (const auto& topic : group.missing) {
    missing.emplace_back();
    json::append_string(missing.back(), topic.get());
  }
  json::Writer one;
  one.field("group", group.group.get()).field("state", group.state).field("members", group.members);
  add_sum(one, sum_of(group.partitions));
  return one.raw("missing_topics", json::array_of(missing)).raw("partitions", json::array_of(partitions)).text();
}

}  // namespace

std::vector<PartitionLag> partitions_behind(const LagSample& before, const LagSample& now,
                                            std::chrono::duration<double> between) {
  std::vector<PartitionLag> all;
  auto per_second = [&](Offset from, Offset to) {
    return static_cast<double>(std::max<std::int64_t>(0, to.get() - from.get())) / between.count();
  };
  for (const auto& [partition, marks] : now.watermarks) {
    PartitionLag lag{partition, std::nullopt, next_of(now, partition, marks), std::max(marks.low, marks.high)};
    if (auto committed = now.committed.find(partition);
        committed != now.committed.end() && committed->second.get() >= 0)
      lag.committed = committed->second;
    if (auto earlier = before.watermarks.find(partition); earlier != before.watermarks.end() && between.count() > 0) {
      lag.read_per_second = per_second(next_of(before, partition, earlier->second), lag.next);
      lag.written_per_second = per_second(earlier->second.high, marks.high);
    }
    all.push_back(std::move(lag));
  }
  return all;
}

LagSum sum_of(const std::vector<PartitionLag>& partitions) {
  LagSum sum;
  for (const auto& lag : partitions) {
    sum.records += lag.records();
    sum.read_per_second += lag.read_per_second;
    sum.written_per_second += lag.written_per_second;
    if (lag.records() == 0) continue;
    if (lag.seconds) sum.seconds = std::max(sum.seconds.value_or(0), *lag.seconds);
  }
  auto gain = sum.read_per_second - sum.written_per_second;
  if (sum.records == 0)
    sum.seconds = sum.catch_up = 0;
  else if (gain > 0)
    sum.catch_up = static_cast<double>(sum.records) / gain;
  return sum;
}

std::string lag_table(const std::vector<GroupLag>& groups) {
  auto text = fmt::format("{:<56} {:>7} {:>10} {:>9} {:>9} {:>9} {:>9}\n", "GROUP / topic [partition]", "MEMBERS",
                          "RECORDS", "OLDEST", "READ/s", "WRITTEN/s", "CATCH UP");
  for (const auto& group : groups) {
    text += row(group.group.get(), std::to_string(group.members), sum_of(group.partitions));
    for (const auto& lag : group.partitions)
      if (lag.records() > 0)
        text +=
            row(fmt::format("  {} [{}]", lag.partition.topic.get(), lag.partition.partition.get()), "", sum_of({lag}));
    for (const auto& topic : group.missing) text += "  " + topic.get() + " does not exist: run 'loom topics apply'\n";
  }
  return text + "RECORDS is high watermark - committed offset; partitions that are not behind are left out.\n";
}

std::string lag_json(const std::vector<GroupLag>& groups) {
  std::vector<std::string> all;
  for (const auto& group : groups) all.push_back(json_of(group));
  return json::Writer{}.raw("groups", json::array_of(all)).text();
}

}  // namespace loom::app
