#include "runner/lane_queue.h"

#include <algorithm>

namespace loom::runner {

void LaneQueue::add(std::span<Item* const> items) {
  if (items.empty()) return;
  std::lock_guard lock(mutex_);
  lanes_.add(items);
  if (waiting_ > 0) changed_.notify_one();
}

void LaneQueue::give_back(Item* item) {
  std::lock_guard lock(mutex_);
  if (item->assignment->phase.load(std::memory_order_acquire) != Phase::open) return returns_.put(item);
  lanes_.give_back(item);
  if (waiting_ > 0) changed_.notify_one();
}

void LaneQueue::end(Batch& batch, std::span<Item* const> again, const CallAnswer& answer) {
  std::vector<Item*> dropped;
  bool was_taken = !batch.lanes.empty();
  lanes_.finish(batch, again, dropped);
  returns_.put(dropped);
  if (was_taken) {
    auto turn = circuit_.end(batch.ticket, answer.answer, steady_now());
    if (turn != Circuit::Turn::none && told_) told_(turn, answer);
    if (turn == Circuit::Turn::closed || batch.ticket.probe != 0) changed_.notify_all();
  }
  batch.clear();
}

bool LaneQueue::try_take(Batch& batch) {
  auto now = steady_now();
  if (!circuit_.may_take(now) || !lanes_.take(now, batch, circuit_.is_open() ? 1 : SIZE_MAX)) return false;
  batch.ticket = circuit_.take();
  return true;
}

/// When `try_take` may succeed without anything being added or ended.
std::optional<Micros> LaneQueue::next_time() const {
  auto of_lanes = lanes_.next_time(), of_circuit = circuit_.may_take_at();
  if (!of_lanes || !of_circuit) return std::nullopt;
  return std::max(*of_lanes, *of_circuit);
}

bool LaneQueue::take(Batch& batch, std::span<Item* const> again, const CallAnswer& answer) {
  std::unique_lock lock(mutex_);
  end(batch, again, answer);
  while (!is_closed_) {
    if (try_take(batch)) {
      if (waiting_ > 0 && next_time()) changed_.notify_one();  // the next one looks whether there is more
      return true;
    }
    ++waiting_;
    if (auto next = next_time()) {
      changed_.wait_for(lock, std::chrono::microseconds(std::max<Micros>(*next - steady_now(), 1)));
    } else {
      changed_.wait(lock);
    }
    --waiting_;
  }
  return false;
}

void LaneQueue::drop_closed() {
  std::vector<Item*> dropped;
  std::lock_guard lock(mutex_);
  lanes_.drop_closed(dropped);
  returns_.put(dropped);
}

void LaneQueue::close() {
  std::lock_guard lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

}  // namespace loom::runner
