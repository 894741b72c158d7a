#include "runner/joiners.h"

#include "model/message.h"
#include "runner/lane_queue.h"

namespace loom::runner {
namespace {

constexpr Micros unused_for = 600'000'000;  // then a memory with nothing open is forgotten

}  // namespace

struct Joiners::Memory {
  std::mutex mutex;  // held while the joiner works, and until what the clock ended is sent
  std::unique_ptr<Joiner> joiner;
  std::shared_ptr<Standing> standing;
  Micros used = 0;  // when its last message was taken
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
  memory->used = steady_();
  try {
    return memory->joiner->take(message, keep(item.record));
  } catch (const std::exception& thrown) {
    memory->joiner = make_();  // what it remembers cannot be trusted
    return Reject{Error{ErrorKind::internal, std::string("the stage threw: ") + thrown.what(), "",
                        "mend the stage, then replay the dead letter", ""}};
  }
}

/// Those that may have something to end; those that nobody needs are forgotten.
std::vector<std::shared_ptr<Joiners::Memory>> Joiners::closable() {
  std::vector<std::shared_ptr<Memory>> found;
  std::lock_guard lock(mutex_);
  for (auto it = memories_.begin(); it != memories_.end();) {
    auto& memory = it->second;
    std::unique_lock busy(memory->mutex, std::try_to_lock);
    bool is_unused = busy && !memory->joiner->closes_after() && steady_() - memory->used > unused_for;
    if (memory->standing->is_gone || is_unused) {
      if (busy) busy.unlock();
      it = memories_.erase(it);
      continue;
    }
    if (busy && memory->standing->is_at_end && memory->joiner->closes_after()) found.push_back(memory);
    ++it;
  }
  return found;
}

void Joiners::close_due(const Send& send) {
  for (const auto& memory : closable()) {
    std::lock_guard lock(memory->mutex);
    auto after = memory->joiner->closes_after();
    if (!after || memory->used + *after > steady_() || !memory->standing->is_at_end || memory->standing->is_gone)
      continue;
    auto ended = memory->joiner->close();
    if (!ended.empty()) send(ended, *memory->standing);
  }
}

}  // namespace loom::runner
