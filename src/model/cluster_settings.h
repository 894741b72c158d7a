// How to reach a cluster. Everything of librdkafka's that is not Loom's business (TLS, SASL, …) passes through
// `properties` under its own name, e.g. {security.protocol: SASL_SSL, sasl.mechanism: SCRAM-SHA-512}.
#pragma once

#include <map>
#include <string>

#include "base/config.h"

namespace loom::model {

struct ClusterSettings {
  std::string bootstrap = "127.0.0.1:9092";
  std::string client_id = "loom";
  std::map<std::string, std::string> properties;
  config::Bytes producer_budget{64ULL << 20};  // bytes in flight per producer
  config::Bytes consumer_budget{64ULL << 20};  // bytes fetched and not yet settled per consumer
};

}  // namespace loom::model
