#include "sink/store_work.h"

#include <mutex>
#include <set>

#include "sink/store_worker.h"

namespace loom::sink {
namespace {

/// A connection of its own: assignments come while the workers write.
struct Starter {
  std::mutex mutex;
  std::unique_ptr<Database> database;
};

std::vector<TopicName> topics_of(std::span<const model::TopicPartition> partitions) {
  std::set<TopicName> topics;
  for (const auto& partition : partitions) topics.insert(partition.topic);
  return {topics.begin(), topics.end()};
}

}  // namespace

Result<runner::Work> store_work(StoreOptions options, Registry& registry, Log log) {
  auto starter = std::make_shared<Starter>();
  auto database = open_database(options.database.url, options.folder, log);
  if (!database) return tl::unexpected(database.error());
  starter->database = *std::move(database);
  auto positions = std::make_shared<Positions>(Owner{options.group, options.cluster_id}, options.topic_ids, log);
  auto mappings = std::make_shared<const model::Mappings>(std::move(options.mappings));

  runner::Work work;
  work.order = runner::Work::Order::by_partition;
  work.workers = options.database.url.starts_with("sqlite:") ? 1 : options.database.writers;  // SQLite has one writer
  work.batch_records = static_cast<std::size_t>(options.database.batch_rows);
  work.batch_wait = options.database.batch_wait;
  work.attempts_end = false;  // bad records are found one by one, what fails beyond them is of the transaction
  work.make_worker = [settings = options.database, folder = options.folder, positions, mappings, &registry,
                      log](const runner::WorkerContext& context) -> Result<std::unique_ptr<runner::Worker>> {
    auto own = open_database(settings.url, folder, log);
    if (!own) return tl::unexpected(own.error());
    return store_worker({*std::move(own), positions, mappings, {.create = settings.create}, &registry, log}, context);
  };
  work.start_offsets = [starter, positions, ask = options.ask_topic_ids, ask_marks = options.ask_marks](
                           std::span<const model::TopicPartition> partitions) -> Result<kafka::Offsets> {
    std::lock_guard lock(starter->mutex);
    if (ask) {
      auto ids = ask(topics_of(partitions));
      if (!ids) return tl::unexpected<Error>(ids.error());
      positions->know(*ids);
    }
    return positions->load(*starter->database, partitions, ask_marks ? ask_marks(partitions) : Positions::Marks{});
  };
  return work;
}

}  // namespace loom::sink
