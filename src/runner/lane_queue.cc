#include "runner/lane_queue.h"

#include <algorithm>
#include <chrono>

namespace loom::runner {

Micros steady_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

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

bool LaneQueue::take(Batch& batch, std::span<Item* const> again) {
  std::vector<Item*> dropped;
  std::unique_lock lock(mutex_);
  lanes_.finish(batch, again, dropped);
  batch.clear();
  returns_.put(dropped);
  while (!is_closed_) {
    if (lanes_.take(steady_now(), batch)) {
      if (waiting_ > 0 && lanes_.next_time()) changed_.notify_one();  // the next one looks whether there is more
      return true;
    }
    ++waiting_;
    if (auto next = lanes_.next_time()) {
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
