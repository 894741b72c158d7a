#include "runner/publisher.h"

#include <chrono>
#include <optional>

namespace loom::runner {
namespace {

constexpr std::chrono::milliseconds look_again{5};  // also when a wake-up was missed

Error gave_up() {
  return Error{ErrorKind::unavailable, "the producer is still full and this process ends", "", "", ""};
}

}  // namespace

/// The record is left where it is while the producer is full, so that it can be sent again.
Result<void> Publisher::send(model::OutRecord& record, const kafka::Done& done, const IsWanted& is_wanted) {
  while (true) {
    auto sent = producer_.send(std::move(record), done);
    if (sent || sent.error().kind != ErrorKind::full) return sent;
    if (is_abandoned() || !is_wanted()) return tl::unexpected<Error>(gave_up());
    waiting_.fetch_add(1);
    std::unique_lock lock(mutex_);
    answered_.wait_for(lock, look_again);
    waiting_.fetch_sub(1);
  }
}

void Publisher::publish(Item* item, std::vector<model::OutRecord> records) {
  item->outstanding.store(1,
                          std::memory_order_relaxed);  // this call's own: no answer may settle it before all are sent
  for (auto& record : records) {
    item->outstanding.fetch_add(1, std::memory_order_relaxed);
    auto done = [this, item](const Result<kafka::Delivery>& delivered) {
      if (!delivered) fail_one(item, delivered.error());
      release(item);
      answered();
    };
    auto sent = send(record, done, [item] { return !item->is_gone(); });
    if (sent) continue;
    fail_one(item, std::move(sent.error()));
    item->outstanding.fetch_sub(1, std::memory_order_relaxed);
    break;
  }
  release(item);
}

void Publisher::fail_one(Item* item, Error error) {
  std::lock_guard lock(mutex_);
  if (!item->failure) item->failure = std::make_unique<Error>(std::move(error));
}

void Publisher::release(Item* item) {
  if (item->outstanding.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (!item->failure) return events_.settled(item);  // all answers are in: nobody else writes it
  auto failure = std::move(item->failure);
  events_.failed(item, std::move(*failure));
}

void Publisher::answered() {
  if (waiting_.load(std::memory_order_relaxed) > 0) answered_.notify_all();
}

Result<void> Publisher::deliver(std::vector<model::OutRecord> records) {
  struct Wait {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t open = 0;
    std::optional<Error> error;
  };
  auto wait = std::make_shared<Wait>();  // answers may come after this call gave up
  auto note = [wait](const Result<kafka::Delivery>& delivered) {
    std::lock_guard lock(wait->mutex);
    if (!delivered && !wait->error) wait->error = delivered.error();
    --wait->open;
    wait->changed.notify_one();
  };
  for (auto& record : records) {
    {
      std::lock_guard lock(wait->mutex);
      ++wait->open;
    }
    auto sent = send(record, note, [] { return true; });
    if (!sent) note(tl::unexpected<Error>(std::move(sent.error())));
  }
  std::unique_lock lock(wait->mutex);
  while (wait->open > 0 && !is_abandoned()) wait->changed.wait_for(lock, std::chrono::milliseconds(100));
  if (wait->error) return tl::unexpected<Error>(*wait->error);
  if (wait->open > 0)
    return fail(ErrorKind::unavailable, "dead letters were not acknowledged before this process ended");
  return {};
}

void Publisher::abandon() {
  is_abandoned_.store(true, std::memory_order_release);
  answered_.notify_all();
}

}  // namespace loom::runner
