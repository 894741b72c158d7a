#include "runner/retries.h"

#include "loom/deadline.h"
#include "runner/lane_queue.h"

namespace loom::runner {
namespace {

constexpr Micros a_minute = 60'000'000;
constexpr Micros ten_seconds = 10'000'000;  // a topic whose records fail once each must not fill the log

}  // namespace

void Retries::note_failure(Item& item) {
  item.last_failure = it_.clock();
  if (item.first_failure == 0) item.first_failure = item.last_failure;
}

bool Retries::may_come_again(Item& item, const Error& error) {
  bool is_of_data = traits_of(error.kind).remedy == Remedy::reject || is_overdue(error);
  if (is_of_data && ++item.data_failures >= it_.attempts) {
    note_failure(item);
    return false;
  }
  come_again(item, error);
  return true;
}

void Retries::come_again(Item& item, const Error& error) {
  note_failure(item);
  item.assignment->telemetry->retried(error.kind);
  ++item.retries;
  item.not_before = steady_now() + come_again(item.record, error);
}

Micros Retries::come_again(const model::Record& record, const Error& error) {
  auto now = it_.steady();
  TopicName name{std::string(record.topic())};
  std::lock_guard lock(mutex_);
  auto& topic = topics_[name];
  auto [found, is_new] = topic.records.try_emplace(&record, Stuck{name, record.partition(), record.offset(), now, 0, ""});
  auto& stuck = found->second;
  ++stuck.attempts;
  stuck.error = to_string(error);
  tell(topic, stuck, now);
  return wait_of(stuck.attempts);
}

Micros Retries::wait_of(int retries) {
  double random = static_cast<double>(random_() - random_.min()) / static_cast<double>(random_.max());
  return backoff_of(it_.backoff, retries, random);
}

void Retries::tell(TopicStuck& topic, const Stuck& stuck, Micros now) {
  if (topic.is_told || now - topic.warned < ten_seconds) return;
  topic.warned = now;
  topic.is_told = true;
  warn("a record has to come again, its lane waits", stuck, 1);
}

void Retries::forget(const Item& item) {
  if (item.retries > 0) forget(item.record);
}

void Retries::forget(const model::Record& record) {
  std::lock_guard lock(mutex_);
  auto topic = topics_.find(TopicName{std::string(record.topic())});
  if (topic == topics_.end() || topic->second.records.erase(&record) == 0) return;
  if (!topic->second.records.empty() || !topic->second.is_told) return;
  topic->second.is_told = false;
  log_.info("no record is stuck any more", {{"topic", topic->first.get()}});
}

void Retries::report(Telemetry& telemetry) {
  auto now = it_.steady();
  std::lock_guard lock(mutex_);
  for (const auto& [topic, measured] : telemetry.all()) {
    auto found = topics_.find(topic);
    if (found == topics_.end() || found->second.records.empty()) {
      measured->stuck_seconds.set(0);
      continue;
    }
    const Stuck* oldest = nullptr;
    for (const auto& [item, stuck] : found->second.records)
      if (!oldest || stuck.since < oldest->since) oldest = &stuck;
    measured->stuck_seconds.set(static_cast<double>(now - oldest->since) / 1e6);
    if (now - found->second.warned < a_minute) continue;
    found->second.warned = now;
    found->second.is_told = true;
    warn("stuck", *oldest, found->second.records.size());
  }
}

void Retries::warn(std::string_view what, const Stuck& stuck, std::size_t lanes) const {
  log_.warn(what, {{"topic", stuck.topic.get()},
                   {"partition", stuck.partition.get()},
                   {"offset", stuck.offset.get()},
                   {"attempts", stuck.attempts},
                   {"lanes", lanes},
                   {"error", stuck.error}});
}

}  // namespace loom::runner
