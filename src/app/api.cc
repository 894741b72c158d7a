#include "ingest/api.h"

#include <algorithm>

#include "app/commands.h"
#include "kafka/admin.h"
#include "kafka/producer.h"

namespace loom::app {

using namespace std::chrono_literals;

namespace {

/// The smallest replication among the types' topics: what a 2xx is worth.
std::optional<int> replicas_of(kafka::Admin& admin, const model::Catalogue& catalogue) {
  std::vector<TopicName> names;
  for (const auto& [name, type] : catalogue.types) names.push_back(type.topic);
  auto topics = admin.topics(names, 5s);
  if (!topics || topics->empty()) return std::nullopt;
  auto least = std::min_element(topics->begin(), topics->end(),
                                [](auto& a, auto& b) { return a.second.replication < b.second.replication; });
  return least->second.replication;
}

}  // namespace

int api_command(const Common& common) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  const auto& catalogue = loaded->catalogue;
  const auto& stop = stop_on_signals();
  auto log = log_of(catalogue, "api");
  Registry registry;
  kafka::ProducerOptions options;
  options.polling = kafka::ProducerOptions::Polling::by_caller;
  options.linger = 1ms;
  options.delivery_timeout =
      catalogue.api.ack_timeout * 2;  // the answer comes at ack_timeout; the record may still arrive
  auto producer = kafka::Producer::open(catalogue.kafka, options, log);
  if (!producer) return report(producer.error());
  auto admin = kafka::Admin::open(catalogue.kafka, log, &stop);
  if (!admin) return report(admin.error());
  ingest::ApiHooks hooks;
  hooks.replicas = [&] { return replicas_of(**admin, catalogue); };
  auto api = ingest::Api::open(catalogue, std::move(*producer), registry, log, std::move(hooks));
  if (!api) return report(api.error());
  auto done = (*api)->run(stop);
  return done ? 0 : report(done.error());
}

}  // namespace loom::app
