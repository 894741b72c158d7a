#include "runner/lanes.h"

#include <algorithm>

namespace loom::runner {

Lane* Lanes::lane_of(const Item& item) {
  if (item.lane_key != 0) {
    if (auto found = by_key_.find(item.lane_key); found != by_key_.end()) return found->second;
  }
  if (free_.empty()) {
    free_.push_back(&storage_.emplace_back());
    ++lanes_;
  }
  Lane* lane = free_.back();
  free_.pop_back();
  *lane = Lane{};
  lane->key = item.lane_key;
  lane->assignment = item.assignment;
  lane->assignment->lanes.fetch_add(1, std::memory_order_relaxed);
  if (lane->key != 0) by_key_.emplace(lane->key, lane);
  return lane;
}

void Lanes::add(std::span<Item* const> items) {
  for (Item* item : items) {
    Lane* lane = lane_of(*item);
    item->lane = lane;
    item->next = nullptr;
    (lane->tail ? lane->tail->next : lane->head) = item;
    lane->tail = item;
    count(*lane, *item);
    if (lane->state == Lane::State::idle) place(lane);
  }
}

void Lanes::count(Lane& lane, const Item& item) {
  ++lane.records;
  lane.bytes += item.record.bytes();
  if (lane.state != Lane::State::ready) return;
  ++ready_records_;
  ready_bytes_ += item.record.bytes();
}

void Lanes::put_in_order(Lane* lane, Item* item) {
  Item* before = nullptr;
  Item* after = lane->head;
  while (after && after->record.offset() < item->record.offset()) before = after, after = after->next;
  item->lane = lane;
  item->next = after;
  (before ? before->next : lane->head) = item;
  if (!after) lane->tail = item;
  count(*lane, *item);
}

void Lanes::give_back(Item* item) {
  Lane* lane = lane_of(*item);
  if (lane->state == Lane::State::ready || lane->state == Lane::State::resting) unplace(lane);
  put_in_order(lane, item);
  if (lane->state != Lane::State::taken) place(lane);
}

void Lanes::place(Lane* lane) {
  if (!lane->head) {
    if (lane->key != 0) by_key_.erase(lane->key);
    lane->assignment->lanes.fetch_sub(1, std::memory_order_release);
    free_.push_back(lane);
    return;
  }
  if (lane->head->not_before > 0) {
    lane->state = Lane::State::resting;
    lane->rests_until = lane->head->not_before;
    resting_.emplace(lane->rests_until, lane);
    return;
  }
  append_ready(lane);
}

void Lanes::append_ready(Lane* lane) {
  lane->state = Lane::State::ready;
  lane->before = last_;
  lane->after = nullptr;
  (last_ ? last_->after : first_) = lane;
  last_ = lane;
  ready_records_ += lane->records;
  ready_bytes_ += lane->bytes;
}

void Lanes::unplace(Lane* lane) {
  if (lane->state == Lane::State::resting) {
    resting_.erase({lane->rests_until, lane});
  } else {
    (lane->before ? lane->before->after : first_) = lane->after;
    (lane->after ? lane->after->before : last_) = lane->before;
    ready_records_ -= lane->records;
    ready_bytes_ -= lane->bytes;
  }
  lane->state = Lane::State::idle;
}

void Lanes::wake(Micros now) {
  while (!resting_.empty() && resting_.begin()->first <= now) {
    Lane* lane = resting_.begin()->second;
    unplace(lane);
    append_ready(lane);
  }
}

bool Lanes::take(Micros now, Batch& batch, std::size_t most) {
  batch.clear();
  wake(now);
  if (!first_) return false;
  if (!is_full() && now - first_->head->arrived < limits_.wait) return false;
  std::size_t room = limits_.bytes;
  most = std::min(most, limits_.records);
  while (first_ && batch.items.size() < most) {
    if (!batch.items.empty() && first_->head->record.bytes() > room) break;
    Lane* lane = first_;
    unplace(lane);
    lane->state = Lane::State::taken;
    batch.lanes.push_back(lane);
    while (lane->head && batch.items.size() < most) {
      Item* item = lane->head;
      auto bytes = item->record.bytes();
      if (!batch.items.empty() && (bytes > room || item->not_before > now)) break;
      lane->head = item->next;
      if (!lane->head) lane->tail = nullptr;
      --lane->records;
      lane->bytes -= bytes;
      room -= std::min(room, bytes);
      batch.items.push_back(item);
    }
  }
  return true;
}

std::optional<Micros> Lanes::next_time() const {
  std::optional<Micros> next;
  if (first_) next = is_full() ? 0 : first_->head->arrived + limits_.wait;
  if (!resting_.empty()) next = std::min(next.value_or(resting_.begin()->first), resting_.begin()->first);
  return next;
}

void Lanes::finish(const Batch& batch, std::span<Item* const> again, std::vector<Item*>& dropped) {
  for (Item* item : again) put_in_order(item->lane, item);
  for (Lane* lane : batch.lanes) {
    lane->state = Lane::State::idle;
    if (lane->assignment->phase.load(std::memory_order_acquire) != Phase::open) empty(lane, dropped);
    place(lane);
  }
}

void Lanes::empty(Lane* lane, std::vector<Item*>& dropped) {
  for (Item* item = lane->head; item; item = item->next) dropped.push_back(item);
  lane->head = lane->tail = nullptr;
  lane->records = lane->bytes = 0;
}

void Lanes::drop_closed(std::vector<Item*>& dropped) {
  std::vector<Lane*> lanes;
  auto is_open = [](const Lane* lane) {
    return lane->assignment->phase.load(std::memory_order_acquire) == Phase::open;
  };
  for (Lane* lane = first_; lane; lane = lane->after)
    if (!is_open(lane)) lanes.push_back(lane);
  for (const auto& [time, lane] : resting_)
    if (!is_open(lane)) lanes.push_back(lane);
  for (Lane* lane : lanes) {
    unplace(lane);
    empty(lane, dropped);
    place(lane);
  }
}

}  // namespace loom::runner
