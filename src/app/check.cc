// loom check: the configuration proved before anything runs: the files, then the engines, the cluster, the database.
#include <cstdio>

#include "app/commands.h"
#include "app/stage_maker.h"
#include "app/tables.h"
#include "app/topics.h"
#include "http/server.h"
#include "kafka/admin.h"
#include "loom/json.h"
#include "model/pipelines.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;

config::Place place_of(const Common& common) { return {common.config, 0}; }

void check_listener(const Common& common, Loaded& loaded) {
  const auto& tls = loaded.catalogue.api.tls;
  if (!tls) return;
  auto fine = http::check_tls({tls->cert, tls->key, tls->key_password, tls->client_ca});
  if (!fine) loaded.faults.fault(place_of(common), fine.error().message, fine.error().remedy);
}

void check_cluster(const Common& common, Loaded& loaded, const Log& log) {
  auto& faults = loaded.faults;
  auto admin = kafka::Admin::open(loaded.catalogue.kafka, log);
  if (!admin) return faults.fault(place_of(common), to_string(admin.error()));
  auto cluster = (*admin)->cluster(10s);
  if (!cluster)
    return faults.fault(place_of(common),
                        "no broker answers at kafka.bootstrap '" + loaded.catalogue.kafka.bootstrap + "'",
                        "start it, or run 'loom up', which brings one of its own on a loopback address");
  std::vector<TopicName> names;
  for (const auto& [name, topic] : loaded.catalogue.topics) names.push_back(name);
  auto topics = (*admin)->topics(names, 10s);
  if (!topics) return faults.fault(place_of(common), to_string(topics.error()));
  for (const auto& line : describe(plan_topics(loaded.catalogue, *topics, cluster->brokers)))
    faults.warn(place_of(common), line, "run 'loom topics apply'");
  if (cluster->brokers == 1)
    faults.warn(place_of(common), "the cluster has one broker: replicas=1, a lost disk loses messages",
                "use three brokers in production");
}

void check_database(const Common& common, Loaded& loaded, const Log& log) {
  if (!loaded.catalogue.store()) return;
  auto plan = plan_tables_for(loaded, log);
  if (!plan) return loaded.faults.fault(place_of(common), to_string(plan.error()));
  for (const auto& change : *plan) {
    if (change.is_fault) {
      loaded.faults.fault(place_of(common), change.text, change.remedy);
    } else {
      loaded.faults.warn(place_of(common), change.text, "run 'loom tables apply'");
    }
  }
}

std::string to_json(const config::Fault& fault) {
  return json::Writer{}
      .field("severity", fault.severity == config::Severity::fault ? "fault" : "warning")
      .field("file", fault.place.file)
      .field("line", fault.place.line)
      .field("message", fault.message)
      .field("remedy", fault.remedy)
      .text();
}

std::string to_json(const model::Pipeline& pipeline) {
  std::vector<std::string> hops;
  for (const auto& hop : pipeline.hops) {
    json::Writer one;
    one.field("group", hop.group.get()).field("input", hop.input.get());
    if (hop.output) one.field("output", hop.output->get());
    hops.push_back(one.text());
  }
  json::Writer whole;
  whole.field("type", pipeline.type.get()).field("topic", pipeline.entry.get()).raw("hops", json::array_of(hops));
  if (pipeline.table) whole.field("table", pipeline.table->get());
  return whole.text();
}

void print(const Common& common, const Loaded& loaded) {
  auto pipelines = model::pipelines_of(loaded.catalogue, loaded.mappings);
  if (!common.json) {
    std::printf("%s", loaded.faults.text().c_str());
    for (const auto& pipeline : pipelines) std::printf("%s\n", to_string(pipeline).c_str());
    std::printf("%s\n", loaded.faults.any_fault() ? "faults found" : "ok");
    return;
  }
  std::vector<std::string> faults, paths;
  for (const auto& fault : loaded.faults.all()) faults.push_back(to_json(fault));
  for (const auto& pipeline : pipelines) paths.push_back(to_json(pipeline));
  std::printf("%s\n", json::Writer{}
                          .field("ok", !loaded.faults.any_fault())
                          .raw("findings", json::array_of(faults))
                          .raw("pipelines", json::array_of(paths))
                          .text()
                          .c_str());
}

}  // namespace

int check_command(const Common& common, const CheckOptions& options) {
  auto loaded = load(common);
  if (!loaded.faults.any_fault()) check_listener(common, loaded);
  if (!loaded.faults.any_fault()) check_engines(loaded, options.offline ? EngineCheck::options : EngineCheck::call);
  if (!options.offline && !loaded.faults.any_fault()) {
    auto log = Log::silent();
    check_cluster(common, loaded, log);
    check_database(common, loaded, log);
  }
  print(common, loaded);
  return loaded.faults.any_fault() ? 78 : 0;
}

}  // namespace loom::app
