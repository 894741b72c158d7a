#include "app/commands.h"
#include "ingest/api.h"
#include "kafka/producer.h"

namespace loom::app {

using namespace std::chrono_literals;

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
  options.delivery_timeout = catalogue.api.ack_timeout * 2;  // the answer comes at ack_timeout; the record may still arrive
  auto producer = kafka::Producer::open(catalogue.kafka, options, log);
  if (!producer) return report(producer.error());
  auto api = ingest::Api::open(catalogue, std::move(*producer), registry, log, {});
  if (!api) return report(api.error());
  auto done = (*api)->run(stop);
  return done ? 0 : report(done.error());
}

}  // namespace loom::app
