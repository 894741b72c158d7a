#include "ingest/warmth.h"

#include <set>

namespace loom::ingest {

using namespace std::chrono_literals;

namespace {
constexpr auto patience = 500ms;  // so that the end is never waited for long
constexpr auto silence = 3500ms;  // well below what makes the API unready
}  // namespace

Warmth::Warmth(kafka::Producer& producer, const model::Catalogue& catalogue, std::function<void()> also)
    : producer_(producer), also_(std::move(also)) {
  std::set<TopicName> topics;
  for (const auto& [name, type] : catalogue.types) topics.insert(type.topic);
  topics_.assign(topics.begin(), topics.end());
  thread_ = std::thread([this] { run(); });
}

Warmth::~Warmth() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Warmth::run() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    lock.unlock();
    if (warmed_ < topics_.size())
      warm_next();
    else
      ask_when_silent();
    if (also_) also_();
    lock.lock();
    if (warmed_ >= topics_.size()) wake_.wait_for(lock, 500ms, [&] { return ended_; });
  }
}

void Warmth::warm_next() {
  auto warmed = producer_.warm(topics_[warmed_], patience);
  if (warmed || warmed.error().kind != ErrorKind::unavailable)
    ++warmed_;  // a topic that is missing is loom check's business
}

void Warmth::ask_when_silent() {
  if (topics_.empty() || producer_.since_broker_answered() < silence) return;
  (void)producer_.warm(topics_.front(), patience);
}

}  // namespace loom::ingest
