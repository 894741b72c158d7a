// loom lag: how far each group is behind, by two looks at the cluster a second apart. The counting is pure.
//   records   high watermark − committed offset (what compaction took away counts)
//   seconds   age of the first unread record
//   rate      records a second, committed and written, between the two looks
//   catch up  records / (committed − written a second); never where more is written than read
// Threads: any. Errors: unavailable.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/wiring.h"
#include "kafka/admin.h"

namespace loom::app {

struct LagSample {
  kafka::Offsets committed;
  std::map<model::TopicPartition, kafka::Watermarks> watermarks;
};
struct PartitionLag {
  model::TopicPartition partition;
  std::optional<Offset> committed;  // none: the group starts at the earliest
  Offset next, end;                 // first unread; high watermark
  double read_per_second = 0, written_per_second = 0;
  std::optional<double> seconds{};
  [[nodiscard]] std::int64_t records() const { return end.get() - next.get(); }
};
struct GroupLag {
  ConsumerGroup group;
  std::string state;
  std::size_t members = 0;
  std::vector<PartitionLag> partitions;
  std::vector<TopicName> missing{};  // inputs that the cluster does not have
};

/// Partitions of the later look, in order; times are filled in by the caller.
[[nodiscard]] std::vector<PartitionLag> partitions_behind(const LagSample& before, const LagSample& now,
                                                          std::chrono::duration<double> between);

struct LagSum {
  std::int64_t records = 0;
  double read_per_second = 0, written_per_second = 0;
  std::optional<double> seconds;   // the oldest
  std::optional<double> catch_up;  // nullopt: never at this rate
};
[[nodiscard]] LagSum sum_of(const std::vector<PartitionLag>& partitions);

[[nodiscard]] std::string lag_table(const std::vector<GroupLag>& groups);
[[nodiscard]] std::string lag_json(const std::vector<GroupLag>& groups);

int lag_command(const Common& common);

}  // namespace loom::app
