// The sink as the runner's Work: records of the mapped topics into tables, each batch one transaction with its offsets.
// The database's offset is the truth; it is read at assignment. A database that is away holds everything back, a table
// that does not fit holds back its own topics only, a bad record becomes a dead letter before the batch commits.
// Threads: make_worker and start_offsets from any; each worker has its own connection.
//   auto work = store_work({.group = group, .cluster_id = id, .topic_ids = ids, .mappings = mappings,
//                           .database = settings, .folder = folder}, registry, log);
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "model/catalogue.h"
#include "model/mapping.h"
#include "runner/work.h"
#include "sink/positions.h"

namespace loom::sink {

struct StoreOptions {
  ConsumerGroup group;
  std::string cluster_id;
  std::map<TopicName, std::string> topic_ids;  // kafka::TopicInfo::id; a recreated topic has another
  model::Mappings mappings;
  model::DatabaseSettings database;
  std::string folder;  // relative SQLite paths start here
  /// Asked again at each assignment; off the poll thread.
  std::function<Result<std::map<TopicName, std::string>>(const std::vector<TopicName>&)> ask_topic_ids{};
  /// Where these partitions begin and end, likewise; what it does not know (a leader is away) is left out.
  std::function<Positions::Marks(std::span<const model::TopicPartition>)> ask_marks{};
};

/// Errors: configuration (the URL).
[[nodiscard]] Result<runner::Work> store_work(StoreOptions options, Registry& registry, Log log);

}  // namespace loom::sink
