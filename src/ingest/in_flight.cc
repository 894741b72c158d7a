#include "ingest/in_flight.h"

#include "http/problem.h"

namespace loom::ingest {
namespace {

constexpr std::size_t keep_slots = 1024;  // what an idle job keeps of a batch's memory
constexpr std::size_t keep_reply = 256 << 10;

/// The producer's error, as the client has to see it: a topic that is not on the cluster is no fault of the client's, and
/// neither is a clock that Kafka finds too far ahead (message.timestamp.after.max.ms).
Error for_the_client(Error error, const Slot& slot) {
  if (error.code == "INVALID_TIMESTAMP")
    return Error{ErrorKind::unavailable,
                 "this server's clock is too far ahead for Kafka",
                 {},
                 "set the clock right, then send again",
                 error.code};
  if (error.kind != ErrorKind::not_found) return error;
  return Error{ErrorKind::unavailable,
               "topic '" + slot.type->spec->topic.get() + "' is not on the cluster",
               {},
               "run 'loom topics apply', then send again",
               {}};
}

Error no_room() {
  return Error{ErrorKind::full, "Loom is full (api.budget)", {}, "send it again after Retry-After", {}};
}

}  // namespace

int InFlight::retry_after() const { return parts_.rate.seconds_until_room(parts_.budget.used()); }

std::optional<Refusal> InFlight::crowded() const {
  if (!parts_.rate.is_crowded(parts_.producer.bytes_in_flight())) return std::nullopt;
  Refusal refusal{Error{ErrorKind::full, "more is sent than Kafka takes", {}, "send it again after Retry-After", {}},
                  {}};
  refusal.details.retry_after_s = retry_after();
  return refusal;
}

Job& InFlight::begin(Shape shape, http::Responder responder) {
  Job* job = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      all_.push_back(std::make_unique<Job>());
      idle_.push_back(all_.back().get());
      idle_.reserve(all_.capacity());
    }
    job = idle_.back();
    idle_.pop_back();
  }
  job->owner = this;
  job->shape = shape;
  job->count = 0;
  job->responder = std::move(responder);
  job->started = std::chrono::steady_clock::now();
  job->answered.store(false, std::memory_order_relaxed);
  return *job;
}

void InFlight::send(Job& job, std::span<model::OutRecord> records, std::size_t& body_held) {
  parts_.budget.give(std::exchange(body_held, 0));
  job.waiting.store(job.count + 1, std::memory_order_relaxed);  // one more: nothing is answered while this sends
  bool room = true;
  for (std::size_t i = 0; i < job.count; ++i) {
    auto& slot = job.slots[i];
    auto sent = Sent::refused;
    if (slot.state == Slot::State::waiting) {
      // after the first that found no room none is tried: a device's later message must not overtake its earlier one
      if (room)
        sent = send_one(job, i, std::move(records[i]));
      else
        refuse_slot(slot, no_room());
    }
    if (sent == Sent::no_room) room = false;
    if (sent != Sent::yes) part_done(job);
  }
  list(job);
  part_done(job);
}

void InFlight::give_up(Job& job, const Refusal& refusal) {
  parts_.probe.refused("", refusal.error.kind);
  job.responder.answer(http::reply_of(refusal.error, refusal.details));
  recycle(job);
}

InFlight::Sent InFlight::send_one(Job& job, std::size_t index, model::OutRecord&& record) {
  auto& slot = job.slots[index];
  slot.bytes = record.bytes();
  if (!parts_.budget.take(slot.bytes)) {
    slot.bytes = 0;
    refuse_slot(slot, no_room());
    return Sent::no_room;
  }
  auto done = [to = &job, i = static_cast<std::uint32_t>(index)](Result<kafka::Delivery> where) {
    to->owner->settle(*to, i, std::move(where));
  };
  static_assert(sizeof done <= 2 * sizeof(void*), "fits into std::function without an allocation");
  auto sent = parts_.producer.send(std::move(record), done);
  if (sent) return Sent::yes;
  parts_.budget.give(std::exchange(slot.bytes, 0));
  auto error = for_the_client(std::move(sent.error()), slot);
  auto outcome = error.kind == ErrorKind::full ? Sent::no_room : Sent::refused;
  refuse_slot(slot, std::move(error));
  return outcome;
}

void InFlight::refuse_slot(Slot& slot, Error error) {
  bool later = traits_of(error.kind).remedy == Remedy::retry;
  slot.state = Slot::State::refused;
  slot.refusal = Refusal{std::move(error), {}};
  if (later) slot.refusal->details.retry_after_s = retry_after();
}

void InFlight::settle(Job& job, std::size_t index, Result<kafka::Delivery> where) {
  auto& slot = job.slots[index];
  parts_.rate.acked(slot.bytes);
  parts_.budget.give(std::exchange(slot.bytes, 0));
  if (where) {
    slot.state = Slot::State::stored;
    slot.partition = where->partition.get();
    slot.offset = where->offset.get();
    slot.type->accepted->add();
  } else if (slot.state == Slot::State::waiting) {
    auto error = for_the_client(std::move(where.error()), slot);
    if (error.kind == ErrorKind::internal) error.kind = ErrorKind::unavailable;  // nobody knows whether it was stored
    refuse_slot(slot, std::move(error));
    if (traits_of(slot.refusal->error.kind).remedy == Remedy::retry) mark_unknown(*slot.refusal, slot, retry_after());
  }
  part_done(job);
}

void InFlight::part_done(Job& job) {
  if (job.waiting.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  unlist(job);
  answer(job);
  recycle(job);
}

void InFlight::answer(Job& job) {
  if (job.answered.exchange(true, std::memory_order_acq_rel)) return;
  render(job, retry_after());
  parts_.probe.answered(job);
  job.responder.answer(job.reply);
}

void InFlight::expire(std::chrono::steady_clock::time_point now) {
  std::vector<Job*> late;
  {
    std::lock_guard lock(mutex_);
    for (auto* job = oldest_; job && job->started + parts_.ack_timeout <= now; job = job->after)
      if (!job->answered.load(std::memory_order_relaxed)) late.push_back(job);
  }
  for (auto* job : late) answer(*job);
}

std::size_t InFlight::jobs() const {
  std::lock_guard lock(mutex_);
  return all_.size() - idle_.size();
}

void InFlight::list(Job& job) {
  std::lock_guard lock(mutex_);
  job.listed = true;
  job.before = newest_;
  job.after = nullptr;
  (newest_ ? newest_->after : oldest_) = &job;
  newest_ = &job;
}

void InFlight::unlist(Job& job) {
  std::lock_guard lock(mutex_);
  if (!std::exchange(job.listed, false)) return;
  (job.before ? job.before->after : oldest_) = job.after;
  (job.after ? job.after->before : newest_) = job.before;
}

void InFlight::recycle(Job& job) {
  if (job.slots.size() > keep_slots) std::vector<Slot>().swap(job.slots);
  if (job.reply.body.capacity() > keep_reply) std::string().swap(job.reply.body);
  std::lock_guard lock(mutex_);
  idle_.push_back(&job);
}

}  // namespace loom::ingest
