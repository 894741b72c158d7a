#include "app/stage_maker.h"
#include "app/wiring.h"
#include "base/until_answered.h"
#include "kafka/admin.h"
#include "runner/stage_work.h"
#include "sink/store_work.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;

using TopicIds = std::map<TopicName, std::string>;

TopicIds ids_of(const std::map<TopicName, kafka::TopicInfo>& topics) {
  TopicIds ids;
  for (const auto& [name, topic] : topics) ids[name] = topic.id;
  return ids;
}

/// Does not hold back what can be read where a leader is away: then nothing is compared.
sink::Positions::Marks marks_of(kafka::Admin& admin, std::span<const model::TopicPartition> partitions) {
  return admin.watermarks({partitions.begin(), partitions.end()}, 2s).value_or(sink::Positions::Marks{});
}

Result<runner::Work> store_work_of(const Loaded& loaded, const model::StageSpec& stage, Registry& registry,
                                   const Log& log, const std::atomic<bool>& stop) {
  auto opened = kafka::Admin::open(loaded.catalogue.kafka, log, &stop);
  if (!opened) return tl::unexpected(opened.error());
  std::shared_ptr<kafka::Admin> admin = std::move(*opened);
  const Awaited broker{log, "the broker", stop};
  auto cluster = until_answered(broker, [&] { return admin->cluster(5s); });
  if (!cluster) return tl::unexpected(cluster.error());
  auto topics = until_answered(broker, [&] { return admin->topics(inputs_of(loaded, stage), 10s); });
  if (!topics) return tl::unexpected(topics.error());

  sink::StoreOptions options;
  options.group = stage.group;
  options.cluster_id = cluster->cluster_id;
  options.topic_ids = ids_of(*topics);
  options.ask_topic_ids = [admin](const std::vector<TopicName>& names) { return admin->topics(names, 10s).map(ids_of); };
  options.ask_marks = [admin](std::span<const model::TopicPartition> of) { return marks_of(*admin, of); };
  options.mappings = loaded.mappings;
  options.database = loaded.catalogue.database;
  options.folder = loaded.catalogue.folder;
  return sink::store_work(std::move(options), registry, log);
}

}  // namespace

Result<runner::Work> work_of_group(const Loaded& loaded, const model::StageSpec& stage, Registry& registry,
                                   const Log& log, const std::atomic<bool>& stop) {
  if (stage.use == "store") return store_work_of(loaded, stage, registry, log, stop);
  config::Faults faults;
  auto made = stage_maker(loaded.catalogue, stage, faults);
  if (faults.any_fault()) return fail(ErrorKind::configuration, faults.text());
  if (!made) return tl::unexpected(made.error());
  runner::StageWork work;
  work.group = stage.group;
  work.lanes = stage.lanes;
  work.when = stage.when;
  work.batch = made->batch;
  work.make_handler = std::move(made->make_handler);
  work.joining = std::move(made->joining);
  return runner::work_of(std::move(work));
}

}  // namespace loom::app
