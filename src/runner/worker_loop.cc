#include "runner/worker_loop.h"

#include <algorithm>
#include <exception>
#include <unordered_map>

#include "loom/deadline.h"

namespace loom::runner {
namespace {

std::vector<Verdict> all_again(std::size_t count, const std::string& message) {
  std::vector<Verdict> verdicts;
  for (std::size_t i = 0; i < count; ++i) verdicts.emplace_back(Retry{Error{ErrorKind::internal, message, "", "", ""}});
  return verdicts;
}

bool must_come_again(const Verdict& verdict) {
  if (const auto* taken = std::get_if<Taken>(&verdict)) return std::holds_alternative<Retry>(taken->own);
  return std::holds_alternative<Retry>(verdict);
}

std::string_view how_of(const Outcome& outcome) {
  constexpr std::string_view names[] = {"emitted", "dropped", "", "dead", "joined"};
  return names[outcome.index()];
}

}  // namespace

WorkerContext WorkerLoop::context(std::string cluster_id) {
  return {std::move(cluster_id), [this](std::span<const Rejected> rejected) { return dead_letters(rejected); }};
}

void WorkerLoop::run(Worker& worker) { run(&worker); }

void WorkerLoop::run() { run(nullptr); }

void WorkerLoop::run(Worker* worker) {
  while (it_.lanes.take(batch_, again_, answer_)) {
    again_.clear();
    handle_batch(worker);
    if (it_.publisher.is_abandoned()) return;
    it_.returns.put(done_);
    done_.clear();
  }
}

void WorkerLoop::handle_batch(Worker* worker) {
  waiting_lane_ = nullptr;
  answer_ = {};
  gather();
  if (calling_.empty()) return;
  auto started = steady_now();
  auto verdicts = call(worker);
  auto took = steady_now() - started;
  if (it_.publisher.is_abandoned()) return;  // nobody waits for the answer, and what it belongs to may be gone
  observe(started, took);
  note_answer(verdicts);
  for (std::size_t i = 0; i < calling_.size(); ++i)
    apply(calling_[i], verdicts[i], {started - calling_[i]->arrived, took, calling_[i]->attempts + 1});
}

void WorkerLoop::gather() {
  calling_.clear();
  records_.clear();
  for (Item* item : batch_.items) {
    if (item->assignment->phase.load(std::memory_order_acquire) != Phase::open) {
      pass_back(item);
    } else if (item->rejected) {
      auto error = std::move(item->rejected);
      reject(item, *error);
    } else if (item->taken) {
      auto taken = std::move(item->taken);
      decide(item, *taken, {steady_now() - item->arrived, 0, item->attempts});
    } else {
      calling_.push_back(item);
      records_.push_back(&item->record);
    }
  }
}

std::vector<Verdict> WorkerLoop::call(Worker* worker) const {
  if (!worker) {
    std::vector<Verdict> verdicts;
    for (const Item* item : calling_) verdicts.push_back(it_.joiners->take(*item));
    return verdicts;
  }
  try {
    auto verdicts = worker->handle(records_);
    if (verdicts.size() == records_.size()) return verdicts;
    return all_again(records_.size(), "the handler gave " + std::to_string(verdicts.size()) + " verdicts for " +
                                          std::to_string(records_.size()) + " records");
  } catch (const std::exception& thrown) {
    return all_again(records_.size(), std::string("the handler threw: ") + thrown.what());
  } catch (...) {
    return all_again(records_.size(), "the handler threw what is no std::exception");
  }
}

void WorkerLoop::observe(Micros started, Micros took) {
  observed_.clear();
  for (const Item* item : calling_) {
    auto* telemetry = item->assignment->telemetry;
    if (!observed_.empty() && observed_.back() == telemetry) continue;
    if (std::find(observed_.begin(), observed_.end(), telemetry) != observed_.end()) continue;
    observed_.push_back(telemetry);
    telemetry->handle_seconds.observe(static_cast<double>(took) / 1e6);
    telemetry->wait_seconds.observe(static_cast<double>(std::max<Micros>(started - item->arrived, 0)) / 1e6);
  }
}

/// What the circuit learns: a result is one that the engine gave, a drop or a dead letter may not have asked it at all.
void WorkerLoop::note_answer(const std::vector<Verdict>& verdicts) {
  for (const auto& verdict : verdicts) {
    if (std::holds_alternative<Emit>(verdict)) {
      answer_ = {Circuit::Answer::works};
      return;
    }
    const auto* retry = std::get_if<Retry>(&verdict);
    if (!retry || retry->error.kind == ErrorKind::schema || is_overdue(retry->error)) continue;
    if (traits_of(retry->error.kind).remedy == Remedy::retry)
      answer_ = {Circuit::Answer::fails, to_string(retry->error)};
  }
}

void WorkerLoop::apply(Item* item, Verdict& verdict, const Hop& hop) {
  if (item->lane == waiting_lane_) {
    again_.push_back(item);  // in order: it is handled again, after the one before it
    return;
  }
  ++item->attempts;
  if (item->is_gone()) return pass_back(item);
  if (item->rebuilds && !must_come_again(verdict)) return pass_back(item);
  std::visit([&](auto& decision) { decide(item, decision, hop); }, verdict);
}

void WorkerLoop::decide(Item* item, Emit& emit, const Hop& hop) {
  if (emit.messages.empty()) {
    Drop nothing{"nothing_emitted"};
    return decide(item, nothing, hop);
  }
  auto outputs = it_.composer.outputs(item->record, emit, hop, document_);
  if (!outputs) return reject(item, outputs.error());
  item->how = "emitted";
  it_.publisher.publish(item, std::move(*outputs));
}

void WorkerLoop::decide(Item* item, Drop& drop, const Hop&) {
  item->how = "dropped";
  std::vector<model::OutRecord> records;
  records.push_back(it_.composer.drop(item->record, drop.reason));
  it_.publisher.publish(item, std::move(records));
}

void WorkerLoop::decide(Item* item, Retry& retry, const Hop&) {
  if (!it_.retries.may_come_again(*item, retry.error)) return reject(item, retry.error);
  waiting_lane_ = item->lane;
  again_.push_back(item);
}

void WorkerLoop::decide(Item* item, Reject& rejected, const Hop&) { reject(item, rejected.error); }

void WorkerLoop::decide(Item* item, Joined&, const Hop&) {
  reject(item, Error{ErrorKind::internal, "a handler cannot answer Joined, only a joiner can", "", "mend the stage", ""});
}

void WorkerLoop::decide(Item* item, Done& done, const Hop&) {
  item->how = done.how;
  done_.push_back(item);
}

void WorkerLoop::decide(Item* item, Reposition& reposition, const Hop&) {
  auto* assignment = item->assignment;
  auto open = Phase::open;
  bool was_open = assignment->phase.compare_exchange_strong(open, Phase::gone);
  if (was_open) it_.returns.ask({assignment->serial, assignment->partition, reposition.next});
  pass_back(item);
  if (was_open) it_.lanes.drop_closed();
}

/// Kept until it is delivered: the joiner remembers the message already and must not be given it again.
void WorkerLoop::decide(Item* item, Taken& taken, const Hop& hop) {
  if (auto* retry = std::get_if<Retry>(&taken.own)) return decide(item, *retry, hop);
  auto records = it_.composer.taken(item->record, taken, hop, document_);
  if (!records) return reject(item, records.error());
  item->how = how_of(taken.own);
  if (records->empty()) return done_.push_back(item);
  item->taken = std::make_unique<Taken>(std::move(taken));
  it_.publisher.publish(item, std::move(*records));
}

void WorkerLoop::reject(Item* item, const Error& error) {
  item->how = "dead";
  std::vector<model::OutRecord> records;
  records.push_back(it_.composer.dead_letter(item->record, error,
                                             {std::max(item->attempts, 1), item->first_failure, item->last_failure}));
  item->rejected = std::make_unique<Error>(error);  // should the dead letter itself not be delivered
  it_.publisher.publish(item, std::move(records));
}

void WorkerLoop::pass_back(Item* item) {
  item->how = {};
  done_.push_back(item);
}

Result<void> WorkerLoop::dead_letters(std::span<const Rejected> rejected) {
  std::unordered_map<const model::Record*, const Item*> items;
  for (const Item* item : calling_) items.emplace(&item->record, item);
  std::vector<model::OutRecord> records;
  records.reserve(rejected.size());
  for (const auto& [record, error] : rejected) {
    Failures failures;
    if (auto found = items.find(record); found != items.end())
      failures = {found->second->attempts + 1, found->second->first_failure, found->second->last_failure};
    records.push_back(it_.composer.dead_letter(*record, error, failures));
  }
  return it_.publisher.deliver(std::move(records));
}

}  // namespace loom::runner
