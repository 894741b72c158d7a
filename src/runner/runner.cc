#include "runner/runner.h"

#include "kafka/admin.h"
#include "runner/consume_loop.h"

namespace loom::runner {

Result<std::unique_ptr<Runner>> Runner::open(const model::ClusterSettings& settings, RunnerOptions options, Work work,
                                             Registry& registry, Log log) {
  Ports ports;
  ports.budget = settings.consumer_budget.count;
  ports.cluster_id = [settings, log](const std::atomic<bool>& stop) -> Result<std::string> {
    auto admin = kafka::Admin::open(settings, log, &stop);
    if (!admin) return tl::unexpected<Error>(admin.error());
    return (*admin)->cluster(std::chrono::seconds(5)).map([](const kafka::ClusterInfo& info) {
      return info.cluster_id;
    });
  };
  ports.open_producer = [settings, log] { return kafka::Producer::open(settings, {}, log); };
  ports.open_consumer = [settings, log](kafka::ConsumerOptions consumer, kafka::ConsumerEvents events) {
    return kafka::Consumer::open(settings, std::move(consumer), std::move(events), log);
  };
  ports.lookback = [settings, group = options.group, log](std::span<const model::TopicPartition> partitions,
                                                          std::chrono::milliseconds lookback) {
    return lookback_starts(settings, group, lookback, partitions, log);
  };
  return std::make_unique<ConsumeLoop>(std::move(ports), std::move(options), std::move(work), registry, std::move(log));
}

}  // namespace loom::runner
