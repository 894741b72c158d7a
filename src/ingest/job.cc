#include "ingest/job.h"

#include "base/clock.h"
#include "http/problem.h"

namespace loom::ingest {
namespace {

void append_success(std::string& to, const Slot& slot) {
  to += R"({"status":"success","message_id":")";
  to += slot.message_id;
  to += R"(","message_type":)";
  json::append_string(to, slot.type->spec->name.get());
  to += R"(,"topic":)";
  json::append_string(to, slot.type->spec->topic.get());
  to += R"(,"partition":)";
  to += std::to_string(slot.partition);
  to += R"(,"offset":)";
  to += std::to_string(slot.offset);
  to += R"(,"timestamp":")";
  append_rfc3339(to, slot.timestamp);
  to += R"(","trace_id":")";
  to += slot.trace_id;
  to += R"("})";
}

void append_result(std::string& to, const Slot& slot, std::size_t index) {
  if (slot.state == Slot::State::stored) return append_success(to, slot);
  const auto& [error, details] = *slot.refusal;
  to += R"({"status":"error","index":)" + std::to_string(index);
  to += R"(,"http_status":)" + std::to_string(http::status_of(error, details)) + ',';
  http::append_problem_members(to, error, details);
  to += '}';
}

/// The refusal for want of room that stands for the whole batch, when nothing of it was accepted.
const Refusal* no_room(const Job& job) {
  const Refusal* full = nullptr;
  for (std::size_t i = 0; i < job.count; ++i) {
    const auto& slot = job.slots[i];
    if (slot.state != Slot::State::refused || slot.refusal->error.kind == ErrorKind::timeout) return nullptr;
    if (slot.refusal->error.kind == ErrorKind::full) full = &*slot.refusal;
  }
  return full;
}

void render_batch(Job& job) {
  if (const auto* full = no_room(job)) {
    job.reply = http::reply_of(full->error, full->details);
    return;
  }
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < job.count; ++i) accepted += job.slots[i].state == Slot::State::stored;
  auto& text = job.reply.body;
  text = R"({"accepted":)" + std::to_string(accepted) + R"(,"rejected":)" + std::to_string(job.count - accepted) +
         R"(,"results":[)";
  for (std::size_t i = 0; i < job.count; ++i) {
    if (i != 0) text += ',';
    append_result(text, job.slots[i], i);
  }
  text += "]}";
  job.reply.status = accepted == job.count ? 200 : 207;
}

}  // namespace

Slot& Job::add_slot() {
  if (count == slots.size()) slots.emplace_back();
  auto& slot = slots[count++];
  slot.state = Slot::State::waiting;
  slot.bytes = 0;
  slot.type = nullptr;
  slot.refusal.reset();
  return slot;
}

void mark_unknown(Refusal& refusal, const Slot& slot, int retry_after_s) {
  tell(refusal, "outcome", "unknown");
  tell(refusal, "message_id", slot.message_id);
  refusal.details.retry_after_s = retry_after_s;
}

void render(Job& job, int retry_after_s) {
  for (std::size_t i = 0; i < job.count; ++i) {
    auto& slot = job.slots[i];
    if (slot.state != Slot::State::waiting) continue;
    slot.state = Slot::State::refused;
    slot.refusal = Refusal{Error{ErrorKind::timeout,
                                 "Kafka has not acknowledged the message in time",
                                 {},
                                 "send it again with this message_id: it is stored once",
                                 {}},
                           {}};
    mark_unknown(*slot.refusal, slot, retry_after_s);
  }
  job.reply.status = 200;
  job.reply.content_type = "application/json";
  job.reply.header_lines.clear();
  job.reply.body.clear();
  if (job.shape == Shape::batch) return render_batch(job);
  const auto& slot = job.slots.front();
  if (slot.state == Slot::State::stored) return append_success(job.reply.body, slot);
  job.reply = http::reply_of(slot.refusal->error, slot.refusal->details);
}

}  // namespace loom::ingest
