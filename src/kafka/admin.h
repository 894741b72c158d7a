// What a cluster knows, and changes to it: topics, their settings, groups and their offsets. Every call blocks up to
// `wait` and returns unavailable when the broker does not answer. Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "kafka/consumer.h"
#include "loom/error.h"
#include "model/cluster_settings.h"
#include "model/record.h"

namespace loom::kafka {

using model::ClusterSettings;
using model::OutRecord;
using model::Record;
using model::TopicPartition;

struct ClusterInfo {
  std::string cluster_id;
  int brokers = 0;
};
struct TopicInfo {
  TopicName name;
  std::string id;  // base64 UUID; tells a recreated topic from the one before
  int partitions = 0;
  int replication = 0;
  std::map<std::string, std::string> settings;  // only those set on the topic itself
};
struct NewTopic {
  TopicName name;
  int partitions = 6;
  int replication = 1;
  std::map<std::string, std::string> settings;
};
struct GroupMember {
  std::string client_id, host;
  std::vector<TopicPartition> partitions;
};
struct GroupInfo {
  ConsumerGroup name;
  std::string state;     // stable, empty, …
  std::string protocol;  // consumer, classic
  std::vector<GroupMember> members;
};
struct Watermarks {
  Offset low, high;
};

class Admin {
 public:
  /// `stop`, where given, outlives it: once true, what is being asked ends at once, as unavailable.
  static Result<std::unique_ptr<Admin>> open(const ClusterSettings& settings, Log log,
                                             const std::atomic<bool>* stop = nullptr);
  virtual ~Admin() = default;

  virtual Result<ClusterInfo> cluster(std::chrono::milliseconds wait) = 0;
  /// All but Kafka's own (names that begin with two underscores).
  virtual Result<std::vector<TopicName>> topic_names(std::chrono::milliseconds wait) = 0;
  /// Those that exist, with ids and settings.
  virtual Result<std::map<TopicName, TopicInfo>> topics(const std::vector<TopicName>& names,
                                                        std::chrono::milliseconds wait) = 0;
  /// Returns when the brokers know them. Errors: conflict (exists), configuration (the broker's words).
  virtual Result<void> create(const std::vector<NewTopic>& topics, std::chrono::milliseconds wait) = 0;
  virtual Result<void> set(const TopicName& topic, const std::map<std::string, std::string>& settings,
                           std::chrono::milliseconds wait) = 0;
  virtual Result<void> add_partitions(const TopicName& topic, int total, std::chrono::milliseconds wait) = 0;
  /// A consumer group's own setting (consumer.session.timeout.ms, …), where the broker allows it.
  virtual Result<void> set_group(const ConsumerGroup& group, const std::map<std::string, std::string>& settings,
                                 std::chrono::milliseconds wait) = 0;

  virtual Result<Offsets> committed(const ConsumerGroup& group, std::chrono::milliseconds wait) = 0;
  /// Sets where the group reads on; partitions that are not named keep theirs. Errors: conflict (the group has members,
  /// whose own commits would win).
  virtual Result<void> set_committed(const ConsumerGroup& group, const Offsets& next,
                                     std::chrono::milliseconds wait) = 0;
  virtual Result<std::map<TopicPartition, Watermarks>> watermarks(const std::vector<TopicPartition>& partitions,
                                                                  std::chrono::milliseconds wait) = 0;
  /// First offset whose record is not older; high watermark where there is none.
  virtual Result<Offsets> offsets_at(const std::vector<TopicPartition>& partitions, std::int64_t timestamp_ms,
                                     std::chrono::milliseconds wait) = 0;
  /// Those of `names` that exist; all of the cluster's when `names` is empty.
  virtual Result<std::vector<GroupInfo>> groups(const std::vector<ConsumerGroup>& names,
                                                std::chrono::milliseconds wait) = 0;
};

/// Where our producers, Java's and Python's put a record with this key.
[[nodiscard]] Partition partition_of(std::string_view key, int partitions);

/// Reads a range of partitions from `from` up to (excluding) `until`, without a group: tools, not pipelines.
/// Calls `visit` in offset order per partition; false stops. An `until` past the end stops at the end. `until` absent:
/// follows for ever (`visit` stops it). `visit` gets nullptr once a second while nothing comes. Errors: not_found
/// (topic or partition), unavailable (no broker answered for 30 s), configuration.
struct Range {
  Offset from, until{-1};
};
Result<void> read(const ClusterSettings& settings, const std::map<TopicPartition, Range>& ranges,
                  const std::function<bool(const Record*)>& visit, Log log);

}  // namespace loom::kafka
