// One worker's thread: takes batches, calls the Worker, turns verdicts into what is sent, settled or tried again.
// Ownership: the rooms it is given outlive it. Threads: made and run by one; `context` is valid as long as the loop.
//   WorkerLoop loop(parts);  auto worker = work.make_worker(loop.context(id));  loop.run(**worker);
#pragma once

#include <string>
#include <vector>

#include "runner/compose.h"
#include "runner/joiners.h"
#include "runner/lane_queue.h"
#include "runner/publisher.h"
#include "runner/retries.h"
#include "runner/work.h"

namespace loom::runner {

struct WorkerParts {
  LaneQueue& lanes;
  Returns& returns;
  Retries& retries;
  Publisher& publisher;
  const Composer& composer;
  Joiners* joiners = nullptr;  // asked instead of the worker, where the work joins
};

class WorkerLoop {
 public:
  explicit WorkerLoop(WorkerParts parts) : it_(parts) {}
  /// For work that joins: no Worker, the records go to the joiners.
  void run();
  [[nodiscard]] WorkerContext context(std::string cluster_id);
  /// Returns when the queue is closed, or the process ends without it.
  void run(Worker& worker);

 private:
  void run(Worker* worker);
  void handle_batch(Worker* worker);
  void gather();  // the batch's records that the worker has to be asked for
  [[nodiscard]] std::vector<Verdict> call(Worker* worker) const;
  void observe(Micros started, Micros took);
  void note_answer(const std::vector<Verdict>& verdicts);
  void apply(Item* item, Verdict& verdict, const Hop& hop);

  void decide(Item* item, Emit& emit, const Hop& hop);
  void decide(Item* item, Drop& drop, const Hop& hop);
  void decide(Item* item, Retry& retry, const Hop& hop);
  void decide(Item* item, Reject& reject, const Hop& hop);
  void decide(Item* item, Joined& joined, const Hop& hop);
  void decide(Item* item, Done& done, const Hop& hop);
  void decide(Item* item, Reposition& reposition, const Hop& hop);
  void decide(Item* item, Taken& taken, const Hop& hop);
  void reject(Item* item, const Error& error);
  void pass_back(Item* item);  // not settled, not to be handled here
  [[nodiscard]] Result<void> dead_letters(std::span<const Rejected> rejected);

  WorkerParts it_;
  json::Document document_;
  Batch batch_;
  std::vector<Item*> again_, done_, calling_;
  std::vector<const model::Record*> records_;
  std::vector<TopicTelemetry*> observed_;
  CallAnswer answer_;  // of the batch that is handled
  const Lane* waiting_lane_ = nullptr;  // its record comes again, so its later ones do too
};

}  // namespace loom::runner
