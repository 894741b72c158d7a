// Where each partition stands in the database, as this process last saw it: what the next compare-and-set expects.
// Shared by the workers of one sink; a partition belongs to one of them at a time. Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "sink/database.h"

namespace loom::sink {

class Positions {
 public:
  using TopicIds = std::map<TopicName, std::string>;
  Positions(Owner owner, TopicIds topic_ids, Log log)
      : owner_(std::move(owner)), log_(std::move(log)), topic_ids_(std::move(topic_ids)) {}

  [[nodiscard]] const Owner& owner() const { return owner_; }
  [[nodiscard]] OffsetKey key_of(const model::TopicPartition& partition) const;
  /// What the cluster says now: a topic may have been created anew.
  void know(const TopicIds& topic_ids);

  /// Reads these partitions' rows anew. No row, or only one of an earlier topic of that name: from the beginning.
  /// `marks`, where known: a partition that ends before its row has lost its tail and is read from its beginning (0038).
  using Marks = std::map<model::TopicPartition, kafka::Watermarks>;
  Result<kafka::Offsets> load(Database& database, std::span<const model::TopicPartition> partitions,
                              const Marks& marks = {});

  struct Position {
    std::optional<Offset> next;  // absent: the database has no row
    Offset stored{0};            // what comes before it need not be read
  };
  /// nullopt: never loaded.
  [[nodiscard]] std::optional<Position> find(const model::TopicPartition& partition) const;
  void set(const model::TopicPartition& partition, std::optional<Offset> next);

 private:
  void warn_of_recreated(const std::vector<OffsetRow>& rows, const model::TopicPartition& partition) const;
  [[nodiscard]] Offset stored_of(const OffsetRow& row, const Marks& marks) const;

  const Owner owner_;
  Log log_;
  mutable std::mutex mutex_;
  TopicIds topic_ids_;
  std::map<model::TopicPartition, Position> positions_;
};

}  // namespace loom::sink
