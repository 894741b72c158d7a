// A producer for tests: keeps what is sent, and acknowledges when the test says so, on the thread that serves.
// Threads: any. Shared by the tests of this room only.
//   auto fake = FakeBroker::make();   Api::open(catalogue, fake->producer(), …);   fake->ack_all();
#pragma once

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "kafka/producer.h"

namespace loom::ingest {

/// What the test holds; the producer that it gives away refers to it.
class FakeBroker : public std::enable_shared_from_this<FakeBroker> {
 public:
  enum class Mode { ack_at_once, hold };

  std::unique_ptr<kafka::Producer> producer();

  void set(Mode mode) {
    std::lock_guard lock(mutex_);
    mode_ = mode;
  }
  /// The next sends fail like this, without taking the record.
  void refuse_after(std::size_t sends, Error error) {
    std::lock_guard lock(mutex_);
    refuse_after_ = sends;
    refusal_ = std::move(error);
  }
  void answered_ago(std::chrono::milliseconds ago) {
    std::lock_guard lock(mutex_);
    since_ = ago;
  }
  /// Waits until so many records lie here.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sent_.size() >= count; });
  }
  std::vector<model::OutRecord> sent() {
    std::lock_guard lock(mutex_);
    return sent_;
  }
  /// Acknowledges what is held; or fails it.
  void release(std::optional<Error> error = std::nullopt) {
    std::lock_guard lock(mutex_);
    for (auto& done : held_) answer(std::move(done), error);
    held_.clear();
  }

 private:
  friend class FakeProducer;
  using Answer = std::function<void()>;
  void answer(kafka::Done done, std::optional<Error> error) {
    Result<kafka::Delivery> where = kafka::Delivery{Partition{3}, Offset{next_offset_++}};
    if (error) where = tl::unexpected(*error);
    ready_.push_back([done = std::move(done), where = std::move(where)] { done(where); });
    std::uint64_t one = 1;
    if (eventfd_ >= 0) [[maybe_unused]]
      auto written = ::write(eventfd_, &one, sizeof one);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Mode mode_ = Mode::ack_at_once;
  std::size_t refuse_after_ = 0;
  std::optional<Error> refusal_;
  std::chrono::milliseconds since_{0};
  std::vector<model::OutRecord> sent_;
  std::deque<kafka::Done> held_;
  std::deque<Answer> ready_;
  std::int64_t next_offset_ = 100;
  int eventfd_ = -1;
};

class FakeProducer final : public kafka::Producer {
 public:
  explicit FakeProducer(std::shared_ptr<FakeBroker> broker) : broker_(std::move(broker)) {}
  ~FakeProducer() override {
    std::lock_guard lock(broker_->mutex_);
    broker_->eventfd_ = -1;
    broker_->held_.clear();
    broker_->ready_.clear();
  }

  Result<void> send(kafka::OutRecord&& record, kafka::Done done) override {
    std::lock_guard lock(broker_->mutex_);
    if (broker_->refusal_) {
      if (broker_->refuse_after_ == 0) return tl::unexpected(*broker_->refusal_);
      --broker_->refuse_after_;
    }
    broker_->sent_.push_back(std::move(record));
    broker_->changed_.notify_all();
    if (broker_->mode_ == FakeBroker::Mode::hold)
      broker_->held_.push_back(std::move(done));
    else
      broker_->answer(std::move(done), std::nullopt);
    return {};
  }
  void wake(int eventfd) override {
    std::lock_guard lock(broker_->mutex_);
    broker_->eventfd_ = eventfd;
  }
  std::size_t serve(std::chrono::milliseconds) override {
    std::deque<FakeBroker::Answer> ready;
    {
      std::lock_guard lock(broker_->mutex_);
      ready.swap(broker_->ready_);
    }
    for (auto& answer : ready) answer();
    return ready.size();
  }
  Result<void> warm(const TopicName&, std::chrono::milliseconds) override { return {}; }
  Result<void> flush(std::chrono::milliseconds) override { return {}; }
  std::size_t bytes_in_flight() const override { return 0; }
  std::size_t records_in_flight() const override { return 0; }
  std::chrono::milliseconds since_broker_answered() const override {
    std::lock_guard lock(broker_->mutex_);
    return broker_->since_;
  }

 private:
  std::shared_ptr<FakeBroker> broker_;
};

inline std::unique_ptr<kafka::Producer> FakeBroker::producer() {
  return std::make_unique<FakeProducer>(shared_from_this());
}

}  // namespace loom::ingest
