// One worker of the sink: records → rows → one transaction, as often as it takes to leave out what others must wait
// for.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "runner/work.h"
#include "sink/positions.h"
#include "sink/topic_tables.h"

namespace loom::sink {

struct WorkerParts {
  std::unique_ptr<Database> database;
  std::shared_ptr<Positions> positions;
  std::shared_ptr<const model::Mappings> mappings;
  TopicTables::Settings tables;
  Registry* registry = nullptr;
  Log log = Log::silent();
};
[[nodiscard]] std::unique_ptr<runner::Worker> store_worker(WorkerParts parts, runner::WorkerContext context);

}  // namespace loom::sink
