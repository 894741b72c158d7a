#include "ingest/health.h"

#include <vector>

#include "loom/json.h"

namespace loom::ingest {

Health judge(const Vitals& vitals) {
  std::vector<std::string> reasons;
  auto reason = [&](std::string_view text) { json::append_string(reasons.emplace_back(), text); };
  if (vitals.stopping) reason("stopping");
  if (vitals.since_broker > broker_silence)
    reason("no broker has answered for " + std::to_string(vitals.since_broker.count() / 1000) + " s (kafka.bootstrap)");
  if (vitals.held >= vitals.budget - vitals.budget / 10) reason("the memory budget is used up (api.budget)");
  Health health{reasons.empty(), {}};
  json::Writer writer;
  writer.field("ready", health.ready).raw("reasons", json::array_of(reasons));
  writer.field("broker_answered_ms_ago", static_cast<std::int64_t>(vitals.since_broker.count()));
  writer.field("bytes_held", vitals.held).field("budget_bytes", vitals.budget);
  if (vitals.replicas) writer.field("replicas", *vitals.replicas);
  health.json = writer.text();
  return health;
}

}  // namespace loom::ingest
