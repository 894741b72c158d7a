// What the edge counts. Owned by the Api; the Registry outlives it. Threads: any. Nothing fails.
//   probe.refused("screenshot", ErrorKind::missing_field);
#pragma once

#include <string_view>

#include "base/metrics.h"
#include "ingest/job.h"

namespace loom::ingest {

class Probe {
 public:
  explicit Probe(Registry& registry);

  void answered(const Job& job);
  /// `type` is one of the catalogue's, or "" where it is not known.
  void refused(std::string_view type, ErrorKind kind);
  void refused_by_server(int status);

  Gauge& bytes_held;
  Gauge& records_in_flight;
  Gauge& connections;
  Gauge& ready;

 private:
  Registry& registry_;
  Histogram& single_seconds_;
  Histogram& batch_seconds_;
};

}  // namespace loom::ingest
