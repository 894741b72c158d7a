#include "runner/joiners.h"

#include "model/message.h"
#include "runner/lane_queue.h"

namespace loom::runner {
namespace {

constexpr Micros unused_for = 600'000'000;  // then a memory with nothing open is forgotten

Reject broken(std::string what) {
  return {Error{ErrorKind::internal, std::move(what), "", "mend the stage, then replay the dead letter", ""}};
}

/// What was open; what of it ended in the record that made the joiner throw is that one's own.
void end_all(Taken& taken, const model::Record& record, Joiner& joiner) try {
  for (auto& one : joiner.close()) {
    if (record_of(one.message).offset() == record.offset())
      std::visit([&](auto& how) { taken.own = std::move(how); }, one.how);
    else
      taken.ended.push_back(std::move(one));
  }
} catch (const std::exception&) {
  taken.ended.clear();
}

}  // namespace

struct Joiners::Memory {
  std::mutex mutex;  // held while the joiner works, and until what the clock ended is sent
  std::unique_ptr<Joiner> joiner;
  std::shared_ptr<Standing> standing;
  Micros used = 0;  // when its last message was taken
  std::atomic<std::int64_t> last_ms{0}, next{0};  // its timestamp, and the offset behind it
  std::atomic<bool> is_open{false};
  std::vector<Ended> unsent;  // ended by the clock, and could not be sent
  Micros send_at = 0;
};

Joiners::Joiners(const Joining& joining, Admission admission, MakeJoiner make)
    : leave_out_(joining.leave_out), admission_(std::move(admission)), make_(std::move(make)), steady_(steady_now) {}

Result<std::shared_ptr<Joiners>> Joiners::open(const Joining& joining, Admission admission) {
  auto make = joining.open();
  if (!make) return tl::unexpected<Error>(std::move(make.error()));
  return std::shared_ptr<Joiners>(new Joiners(joining, std::move(admission), std::move(*make)));
}

std::size_t Joiners::size() const {
  std::lock_guard lock(mutex_);
  return memories_.size();
}

Kept Joiners::keep(const model::Record& record) const {
  model::Record::Parts parts;
  parts.topic = record.topic();
  parts.partition = record.partition().get();
  parts.offset = record.offset().get();
  parts.timestamp_ms = record.timestamp_ms();
  if (auto key = record.key()) parts.key = std::string(*key);
  parts.value = model::without(record.value(), leave_out_);
  parts.headers = record.headers();
  auto kept = std::make_shared<KeptMessage>();
  kept->record = model::Record::of(std::move(parts));
  auto message = model::decode(kept->record, admission_.cluster_id, kept->document);
  if (message) static_cast<Envelope&>(*kept) = std::move(*message);  // it was read before: it can be read again
  return kept;
}

std::shared_ptr<Joiners::Memory> Joiners::memory_of(const Item& item, const std::string& device) {
  auto name = std::string(item.record.key().value_or("")) + '\0' + device;
  std::lock_guard lock(mutex_);
  auto& memory = memories_[{item.assignment->serial, std::move(name)}];
  if (!memory) {
    memory = std::make_shared<Memory>();
    memory->standing = item.assignment->standing;
    memory->joiner = make_();
  }
  return memory;
}

Verdict Joiners::take(const Item& item) {
  json::Document document;
  Envelope message;
  if (auto decided = admission_.admit(item.record, document, message)) return std::move(*decided);
  auto memory = memory_of(item, message.device_id);
  std::lock_guard lock(memory->mutex);
  if (!memory->unsent.empty())
    return Retry{Error{ErrorKind::unavailable, "what ended before it in its key is not sent yet", "", "", ""}};
  memory->used = steady_();
  memory->last_ms = item.record.timestamp_ms();
  memory->next = next_of(item.record).get();
  Taken taken;
  try {
    taken = memory->joiner->take(message, keep(item.record));
    if (std::holds_alternative<Retry>(taken.own) && !taken.ended.empty())  // the second time it would end nothing
      taken.own = broken("the stage ended other messages and wants this one again");
  } catch (const std::exception& thrown) {
    taken = {broken(std::string("the stage threw: ") + thrown.what())};
    end_all(taken, item.record, *memory->joiner);
    memory->joiner = make_();  // what it remembers cannot be trusted
  }
  memory->is_open = memory->joiner->closes_after().has_value();
  return taken;
}

/// Those that may have something to end or to send; those that nobody needs are forgotten.
std::vector<std::shared_ptr<Joiners::Memory>> Joiners::closable() {
  std::vector<std::shared_ptr<Memory>> found;
  std::lock_guard lock(mutex_);
  for (auto it = memories_.begin(); it != memories_.end();) {
    auto memory = it->second;
    std::unique_lock mine(memory->mutex, std::try_to_lock);
    bool is_unused = mine && !memory->joiner->closes_after() && steady_() - memory->used > unused_for;
    if (mine && memory->unsent.empty() && (memory->standing->is_gone || is_unused)) {
      it = memories_.erase(it);
      continue;
    }
    if (mine && is_due(*memory)) found.push_back(memory);
    ++it;
  }
  return found;
}

bool Joiners::is_due(const Memory& memory) const {
  const auto& standing = *memory.standing;
  if (!memory.unsent.empty()) return standing.is_gone || memory.send_at <= steady_();
  auto after = memory.joiner->closes_after();
  if (!after || memory.used + *after > steady_() || standing.is_gone) return false;
  // in a backlog: others went on for so long
  bool is_silent = standing.settled_ms - memory.last_ms > *after / 1000;
  return standing.is_at_end || is_silent;
}

Limits Joiners::limits() const {
  Limits limits;
  std::lock_guard lock(mutex_);
  for (const auto& [key, memory] : memories_) {
    if (!memory->is_open) continue;
    auto& limit = limits.try_emplace(memory->standing.get(), Offset{memory->next}).first->second;
    limit = std::min(limit, Offset{memory->next});
  }
  return limits;
}

void Joiners::close_due(const Send& send) {
  for (const auto& memory : closable()) {
    std::lock_guard lock(memory->mutex);
    if (!is_due(*memory)) continue;
    auto& standing = *memory->standing;
    if (memory->unsent.empty()) {
      ++standing.unsent;  // first: what is ended is in nobody's memory any more
      memory->unsent = memory->joiner->close();
    }
    auto wait = memory->unsent.empty() ? std::nullopt : send(memory->unsent, standing);
    memory->send_at = steady_() + wait.value_or(0);
    if (wait) continue;
    memory->unsent.clear();
    memory->is_open = memory->joiner->closes_after().has_value();
    --standing.unsent;
  }
}

}  // namespace loom::runner
