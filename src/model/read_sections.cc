#include "model/catalogue_parts.h"
#include "model/reading.h"

namespace loom::model {
namespace {

using config::at_least;
using config::Options;

struct LogSettings {
  std::string level = "info";
};

std::optional<std::string> wrong_bootstrap(const std::string& bootstrap) {
  if (bootstrap.empty()) return "is empty; name at least one broker as host:port";
  return std::nullopt;
}

std::optional<std::string> wrong_url(const std::string& url) {
  for (std::string_view scheme : {"sqlite:", "postgres://", "postgresql://"})
    if (url.starts_with(scheme) && url.size() > scheme.size()) return std::nullopt;
  return "is no database; use sqlite:FILE or postgres://user@host/database";  // never the value: it may hold a password
}

Options<ClusterSettings> kafka_options() {
  return Options<ClusterSettings>("kafka")
      .add("bootstrap", &ClusterSettings::bootstrap, "brokers to start from, host:port, separated by commas",
           wrong_bootstrap)
      .add("client_id", &ClusterSettings::client_id, "the name that brokers log for our connections")
      .add("properties", &ClusterSettings::properties,
           "further settings of librdkafka, by its own names (TLS, SASL, …)")
      .add("producer_budget", &ClusterSettings::producer_budget, "bytes in flight per producer", at_least(1 << 20))
      .add("consumer_budget", &ClusterSettings::consumer_budget, "bytes fetched and not yet settled per consumer; on top, each partition prefetches a sixteenth of it, and a small record weighs half a KB more",
           at_least(1 << 20));
}

Options<DatabaseSettings> database_options() {
  return Options<DatabaseSettings>("database")
      .add("url", &DatabaseSettings::url, "sqlite:FILE (relative to this file) or postgres://user@host/database",
           wrong_url)
      .add("create", &DatabaseSettings::create, "whether 'loom run' makes missing tables ('loom up' always does)")
      .add("writers", &DatabaseSettings::writers, "connections that write side by side, each with its own partitions",
           at_least(1))
      .add("batch_rows", &DatabaseSettings::batch_rows, "most rows of one transaction", at_least(1))
      .add("batch_wait", &DatabaseSettings::batch_wait, "how long a batch that is not full waits for more");
}

Options<LogSettings> log_options() {
  return Options<LogSettings>("log").add("level", &LogSettings::level, "debug, info, warn or error",
                                         one_of({"debug", "info", "warn", "error"}));
}

}  // namespace

void read_sections(const config::Node& root, const config::Environment& environment, Catalogue& to,
                   config::Faults& faults) {
  to.kafka = kafka_options().read(root["kafka"], faults, &environment);
  to.database = database_options().read(root["database"], faults, &environment);
  to.log_level = log_options().read(root["log"], faults, &environment).level;
}

void document_sections(Docs& docs) {
  docs.emplace_back("kafka", kafka_options().docs());
  docs.emplace_back("database", database_options().docs());
  docs.emplace_back("log", log_options().docs());
}

}  // namespace loom::model
