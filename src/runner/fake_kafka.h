// Kafka without Kafka, for tests: one topic store that a fake consumer reads and a fake producer writes. Assignments
// are made by the test and happen inside `poll`, as they do in life. Breaches of the consumer's contract (a commit of a
// partition that is not assigned, an offset that goes back) are counted.
// Threads: any; the producer answers from a thread of its own.
//   FakeKafka kafka;  kafka.put(record);  kafka.assign({partition});  kafka.wait_until([&] { return kafka.sent() == 3;
//   });
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "kafka/consumer.h"
#include "kafka/producer.h"

namespace loom::runner {

class FakeKafka {
 public:
  using Parts = model::Record::Parts;
  using Partitions = std::vector<model::TopicPartition>;

  // What the test does
  void put(Parts record) {
    std::lock_guard lock(mutex);
    auto& log = logs[{TopicName{record.topic}, Partition{record.partition}}];
    if (record.offset == 0 && !log.empty()) record.offset = log.back().offset + 1;
    log.push_back(std::move(record));
    changed.notify_all();
  }
  void assign(Partitions partitions) { order({Change::Kind::assign, std::move(partitions)}); }
  void revoke(Partitions partitions) { order({Change::Kind::revoke, std::move(partitions)}); }
  void lose(Partitions partitions) { order({Change::Kind::lose, std::move(partitions)}); }
  void hold_answers() { set_answers(false); }
  void let_answers() { set_answers(true); }

  /// Waits for something that will be so; false after half a minute: the test has failed.
  bool wait_until(const std::function<bool()>& condition) {  // `condition` runs under the lock
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(30), condition);
  }
  /// For what is not of Kafka, such as a handler's own count.
  void touch() {
    std::lock_guard lock(mutex);
    changed.notify_all();
  }

  struct Change {
    enum class Kind { assign, revoke, lose };
    Kind kind;
    Partitions partitions;
  };

  std::mutex mutex;
  std::condition_variable changed;
  std::map<model::TopicPartition, std::vector<Parts>> logs;
  std::deque<Change> changes;
  std::size_t changes_done = 0;
  kafka::Offsets committed;
  std::vector<kafka::Offsets> commits;
  std::size_t breaches = 0;
  std::set<model::TopicPartition> assigned, held;
  std::map<model::TopicPartition, std::size_t> delivered;
  std::size_t holds = 0, seeks = 0;
  bool is_closed = false, is_failing = false;
  bool has_no_end = false;  // there is always more to read

  std::vector<model::OutRecord> sent;          // accepted by the producer, in order
  std::vector<model::OutRecord> acknowledged;  // delivered
  bool answers_come = true;
  std::size_t producer_limit = 1'000'000;                                // records in flight
  std::function<std::optional<Error>(const model::OutRecord&)> refuse;   // by `send`
  std::function<std::optional<Error>(const model::OutRecord&)> deliver;  // an error instead of an answer

  [[nodiscard]] std::vector<model::OutRecord> of(const std::string& topic) {
    std::lock_guard lock(mutex);
    std::vector<model::OutRecord> found;
    for (const auto& record : acknowledged)
      if (record.topic.get() == topic) found.push_back(record);
    return found;
  }

 private:
  void order(Change change) {
    std::lock_guard lock(mutex);
    changes.push_back(std::move(change));
    changed.notify_all();
  }
  void set_answers(bool come) {
    std::lock_guard lock(mutex);
    answers_come = come;
    changed.notify_all();
  }
};

class FakeConsumer : public kafka::Consumer {
 public:
  FakeConsumer(FakeKafka& kafka, kafka::ConsumerOptions options, kafka::ConsumerEvents events)
      : kafka_(kafka), options_(std::move(options)), events_(std::move(events)) {}

  Result<std::vector<model::Record>> poll(std::chrono::milliseconds wait, std::size_t max) override {
    std::unique_lock lock(kafka_.mutex);
    if (kafka_.is_failing) return fail(ErrorKind::forbidden, "the group may not be read");
    rebalance(lock);
    auto records = take(max);
    if (!records.empty()) return records;
    kafka_.changed.wait_for(lock, wait);
    return take(max);
  }
  void hold(const model::TopicPartition& partition) override {
    std::lock_guard lock(kafka_.mutex);
    ++kafka_.holds;
    kafka_.held.insert(partition);
    kafka_.changed.notify_all();
  }
  void release(const model::TopicPartition& partition) override {
    std::lock_guard lock(kafka_.mutex);
    kafka_.held.erase(partition);
    kafka_.changed.notify_all();
  }
  Result<void> seek(const model::TopicPartition& partition, Offset offset) override {
    std::lock_guard lock(kafka_.mutex);
    if (++kafka_.seeks % 2 == 1) return fail(ErrorKind::unavailable, "not yet");  // every first time
    positions_[partition] = offset;
    kafka_.changed.notify_all();
    return {};
  }
  bool is_at_end(const model::TopicPartition& partition) override {
    std::lock_guard lock(kafka_.mutex);
    const auto& log = kafka_.logs[partition];
    return !kafka_.has_no_end && (log.empty() || positions_[partition].get() > log.back().offset);
  }
  void commit(const kafka::Offsets& next) override {
    std::lock_guard lock(kafka_.mutex);
    kafka_.commits.push_back(next);
    for (const auto& [partition, offset] : next) {
      if (!kafka_.assigned.contains(partition) || offset <= kafka_.committed[partition]) ++kafka_.breaches;
      kafka_.committed[partition] = offset;
    }
    kafka_.changed.notify_all();
  }
  Result<void> commit_now(const kafka::Offsets& next, std::chrono::milliseconds) override {
    commit(next);
    return {};
  }
  void close() override {
    std::unique_lock lock(kafka_.mutex);
    FakeKafka::Partitions left(kafka_.assigned.begin(), kafka_.assigned.end());
    lock.unlock();
    if (!left.empty()) events_.revoked(left, false);
    lock.lock();
    kafka_.assigned.clear();
    kafka_.is_closed = true;
    kafka_.changed.notify_all();
  }
  [[nodiscard]] std::chrono::milliseconds since_broker_answered() const override { return {}; }

 private:
  void rebalance(std::unique_lock<std::mutex>& lock) {
    while (!kafka_.changes.empty()) {
      auto change = std::move(kafka_.changes.front());
      kafka_.changes.pop_front();
      using Kind = FakeKafka::Change::Kind;
      for (const auto& partition : change.partitions) {
        if (change.kind == Kind::lose) kafka_.assigned.erase(partition);
        if (change.kind != Kind::assign) continue;
        kafka_.assigned.insert(partition);
        positions_[partition] = kafka_.committed.contains(partition) ? kafka_.committed[partition] : Offset{0};
        if (options_.assign_held)
          kafka_.held.insert(partition);
        else
          kafka_.held.erase(partition);
      }
      lock.unlock();
      if (change.kind == Kind::assign)
        events_.assigned(change.partitions);
      else
        events_.revoked(change.partitions, change.kind == Kind::lose);
      lock.lock();
      if (change.kind == Kind::revoke)
        for (const auto& partition : change.partitions) kafka_.assigned.erase(partition);
      ++kafka_.changes_done;
      kafka_.changed.notify_all();
    }
  }
  std::vector<model::Record> take(std::size_t max) {
    std::vector<model::Record> records;
    for (const auto& partition : kafka_.assigned) {
      if (kafka_.held.contains(partition)) continue;
      for (const auto& parts : kafka_.logs[partition]) {
        if (records.size() == max) return records;
        if (Offset{parts.offset} < positions_[partition]) continue;
        positions_[partition] = Offset{parts.offset + 1};
        ++kafka_.delivered[partition];
        records.push_back(model::Record::of(parts));
      }
    }
    if (!records.empty()) kafka_.changed.notify_all();
    return records;
  }

  FakeKafka& kafka_;
  kafka::ConsumerOptions options_;
  kafka::ConsumerEvents events_;
  std::map<model::TopicPartition, Offset> positions_;
};

class FakeProducer : public kafka::Producer {
 public:
  explicit FakeProducer(FakeKafka& kafka) : kafka_(kafka), thread_([this] { answer(); }) {}
  ~FakeProducer() override {
    {
      std::lock_guard lock(kafka_.mutex);
      is_ended_ = true;
      kafka_.changed.notify_all();
    }
    thread_.join();
  }

  Result<void> send(model::OutRecord&& record, kafka::Done done) override {
    std::lock_guard lock(kafka_.mutex);
    if (in_flight_ >= kafka_.producer_limit) return fail(ErrorKind::full, "no room");
    if (kafka_.refuse)
      if (auto error = kafka_.refuse(record)) return tl::unexpected<Error>(*error);
    kafka_.sent.push_back(record);
    ++in_flight_;
    open_.emplace_back(std::move(record), std::move(done));
    kafka_.changed.notify_all();
    return {};
  }
  void wake(int) override {}
  std::size_t serve(std::chrono::milliseconds) override { return 0; }
  Result<void> warm(const TopicName&, std::chrono::milliseconds) override { return {}; }
  Result<void> flush(std::chrono::milliseconds) override { return {}; }
  [[nodiscard]] std::size_t bytes_in_flight() const override { return 0; }
  [[nodiscard]] std::size_t records_in_flight() const override { return 0; }
  [[nodiscard]] std::chrono::milliseconds since_broker_answered() const override { return {}; }

 private:
  void answer() {
    std::unique_lock lock(kafka_.mutex);
    while (true) {
      kafka_.changed.wait(lock, [this] { return is_ended_ || (kafka_.answers_come && !open_.empty()); });
      if (is_ended_) return;
      auto [record, done] = std::move(open_.front());
      open_.pop_front();
      auto error = kafka_.deliver ? kafka_.deliver(record) : std::nullopt;
      if (!error) kafka_.acknowledged.push_back(record);
      --in_flight_;
      kafka_.changed.notify_all();
      lock.unlock();
      if (error)
        done(tl::unexpected<Error>(*error));
      else
        done(kafka::Delivery{Partition{0}, Offset{0}});
      done = {};
      lock.lock();
      kafka_.changed.notify_all();
    }
  }

  FakeKafka& kafka_;
  std::deque<std::pair<model::OutRecord, kafka::Done>> open_;
  std::size_t in_flight_ = 0;
  bool is_ended_ = false;
  std::thread thread_;
};

}  // namespace loom::runner
