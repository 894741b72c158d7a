#include "sink/store_worker.h"

#include <chrono>
#include <set>

#include "sink/store_batch.h"

namespace loom::sink {
namespace {

using runner::Verdict;

constexpr auto again = "again";

class StoreWorker : public runner::Worker {
 public:
  StoreWorker(WorkerParts parts, runner::WorkerContext context)
      : parts_(std::move(parts)),
        context_(std::move(context)),
        tables_(*parts_.mappings, parts_.tables, parts_.log),
        seconds_(parts_.registry->histogram("loom_sink_write_seconds", "Time of one transaction of the sink")) {}

  std::vector<Verdict> handle(std::span<const model::Record* const> records) override {
    load_positions(records);
    StoreBatch batch(records, *parts_.positions);
    convert(batch);
    while (!batch.empty()) write(batch);
    return std::move(batch).verdicts();
  }

 private:
  /// Of partitions that `start_offsets` was not asked for. A database that is away is told by the write.
  void load_positions(std::span<const model::Record* const> records) {
    std::set<model::TopicPartition> unknown;
    const model::Record* before = nullptr;
    for (const auto* record : records) {
      bool same = before && before->partition() == record->partition() && before->topic() == record->topic();
      before = record;
      if (same) continue;
      if (auto partition = record->topic_partition(); !parts_.positions->find(partition))
        unknown.insert(std::move(partition));
    }
    std::vector<model::TopicPartition> all(unknown.begin(), unknown.end());
    if (!all.empty()) (void)parts_.positions->load(*parts_.database, all);
  }

  void convert(StoreBatch& batch) {
    for (const auto& topic : batch.topics()) {
      auto table = tables_.of(*parts_.database, topic);
      if (table) {
        batch.convert(topic, **table);
      } else if (table.error().kind == ErrorKind::schema || table.error().kind == ErrorKind::configuration) {
        batch.settle_topic(topic, Retry{table.error()});
      } else {
        return batch.settle_all(Retry{table.error()});
      }
    }
  }

  void write(StoreBatch& batch) {
    const auto& rows = batch.batch();
    auto start = std::chrono::steady_clock::now();
    auto outcome = parts_.database->write(rows, [&](std::span<const BadRow> bad) -> Result<void> {
      if (batch.refuse_families(bad)) return fail(ErrorKind::conflict, "once more, without them", {.code = again});
      auto rejected = batch.rejected(bad);
      if (rejected.empty()) return {};
      return context_.dead_letter(rejected);
    });
    seconds_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (!outcome && outcome.error().code == again) return;  // `handle` writes what is left
    if (!outcome) return batch.settle_all(Retry{std::move(outcome.error())});
    if (auto* moved = std::get_if<Moved>(&*outcome)) return step_aside(batch, *moved);
    if (auto* trouble = std::get_if<SchemaTrouble>(&*outcome)) return leave_out(batch, *trouble);
    const auto& written = std::get<Written>(*outcome);
    for (const auto& move : rows.offsets) parts_.positions->set(move.key.partition, move.to);
    batch.settle_written(written);
  }

  void step_aside(StoreBatch& batch, const Moved& moved) {
    auto offsets = batch.batch().offsets;
    for (const auto& [index, current] : moved.current) {
      const auto& partition = offsets[index].key.partition;
      auto next = current.value_or(Offset{0});
      parts_.log.warn(
          "partition was moved on by another member: reading on from its row",
          {{"topic", partition.topic.get()}, {"partition", partition.partition.get()}, {"next", next.get()}});
      parts_.positions->set(partition, current);
      batch.settle_partition(partition, runner::Reposition{next});
    }
  }

  void leave_out(StoreBatch& batch, const SchemaTrouble& trouble) {
    auto table = batch.batch().groups[trouble.group].binding->table;
    for (const auto& mapping : model::all_mappings(*parts_.mappings))
      if (mapping.table == table) batch.settle_topic(mapping.topic, Retry{trouble.error});
    batch.drop_empty_groups();
    tables_.trouble(table, trouble.error);
  }

  WorkerParts parts_;
  runner::WorkerContext context_;
  TopicTables tables_;
  Histogram& seconds_;
};

}  // namespace

std::unique_ptr<runner::Worker> store_worker(WorkerParts parts, runner::WorkerContext context) {
  return std::make_unique<StoreWorker>(std::move(parts), std::move(context));
}

}  // namespace loom::sink
