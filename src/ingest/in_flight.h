// Everything that was sent to Kafka and not yet answered. A client that goes away changes nothing here: the job lives
// until each of its records was acknowledged or failed.
// Threads: `begin` and `send` from any io thread; `settle` (by the producer's serve) and `expire` from one.
// Errors: none; failures are answers.
//   Job& job = in_flight.begin(Shape::single, std::move(responder));   job.add_slot() = …;
//   in_flight.send(job, std::move(records));
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "http/budget.h"
#include "ingest/drain_rate.h"
#include "ingest/job.h"
#include "ingest/probe.h"
#include "kafka/producer.h"

namespace loom::ingest {

class InFlight {
 public:
  struct Parts {
    kafka::Producer& producer;
    http::ByteBudget& budget;
    DrainRate& rate;
    Probe& probe;
    std::chrono::milliseconds ack_timeout;
  };
  explicit InFlight(Parts parts) : parts_(parts) {}

  [[nodiscard]] Job& begin(Shape shape, http::Responder responder);
  /// One record a slot, in order; slots that are refused already have an empty one. Answers as soon as all is known.
  /// `body_held` is what the request's body holds of the budget: the records take its place.
  void send(Job& job, std::span<model::OutRecord> records, std::size_t& body_held);
  /// Answers a job of which nothing was sent.
  void give_up(Job& job, const Refusal& refusal);
  /// Answers what has waited too long.
  void expire(std::chrono::steady_clock::time_point now);
  [[nodiscard]] std::size_t jobs() const;
  /// So much waits for Kafka that one more message would wait too long.
  [[nodiscard]] std::optional<Refusal> crowded() const;

 private:
  enum class Sent { yes, refused, no_room };
  Sent send_one(Job& job, std::size_t index, model::OutRecord&& record);
  void refuse_slot(Slot& slot, Error error);
  void settle(Job& job, std::size_t index, Result<kafka::Delivery> where);
  void part_done(Job& job);
  void answer(Job& job);
  void list(Job& job);
  void unlist(Job& job);
  void recycle(Job& job);
  [[nodiscard]] int retry_after() const;

  Parts parts_;
  mutable std::mutex mutex_;  // of the list and the pool
  std::vector<std::unique_ptr<Job>> all_;
  std::vector<Job*> idle_;
  Job* oldest_ = nullptr;
  Job* newest_ = nullptr;
};

}  // namespace loom::ingest
