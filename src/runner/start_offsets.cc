#include "runner/start_offsets.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace loom::runner {

struct StartOffsets::State {
  Ask ask;
  Backoff backoff;
  std::shared_ptr<Returns> returns;
  Log log;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<WantedStart> wanted;
  bool is_stopped = false, is_ended = false;

  void run();
  void answer(const std::vector<WantedStart>& asked, const Starts& starts);
};

void StartOffsets::State::run() {
  int failures = 0;
  std::unique_lock lock(mutex);
  while (!is_stopped) {
    if (wanted.empty()) {
      changed.wait(lock);
      continue;
    }
    auto asked = wanted;
    lock.unlock();
    std::vector<model::TopicPartition> partitions;
    for (const auto& one : asked) partitions.push_back(one.partition);
    auto offsets = ask(partitions);
    lock.lock();
    if (is_stopped) break;
    if (offsets) {
      failures = 0;
      answer(asked, *offsets);
      continue;
    }
    if (++failures == 1)
      log.warn("where the partitions start is not known yet, they stay unread",
               {{"partitions", partitions.size()}, {"error", to_string(offsets.error())}});
    changed.wait_for(lock, std::chrono::microseconds(backoff_of(backoff, failures, 0)), [&] { return is_stopped; });
  }
  is_ended = true;
  changed.notify_all();
}

void StartOffsets::State::answer(const std::vector<WantedStart>& asked, const Starts& starts) {
  for (const auto& one : asked) {
    if (std::erase(wanted, one) == 0) continue;  // revoked meanwhile
    RepositionRequest request{one.serial, one.partition, std::nullopt, std::nullopt};
    if (auto found = starts.find(one.partition); found != starts.end())
      request.next = found->second.next, request.settle_from = found->second.settle_from;
    returns->ask(std::move(request));
  }
}

StartOffsets::StartOffsets(Ask ask, Backoff backoff, std::shared_ptr<Returns> returns, Log log)
    : state_(std::make_shared<State>()) {
  state_->ask = std::move(ask);
  state_->backoff = backoff;
  state_->returns = std::move(returns);
  state_->log = std::move(log);
  std::thread([state = state_] { state->run(); }).detach();
}

StartOffsets::~StartOffsets() {
  std::unique_lock lock(state_->mutex);
  state_->is_stopped = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, std::chrono::seconds(2), [this] { return state_->is_ended; });
}

void StartOffsets::want(std::vector<WantedStart> partitions) {
  std::lock_guard lock(state_->mutex);
  state_->wanted = std::move(partitions);
  state_->changed.notify_all();
}

}  // namespace loom::runner
