// The consumer of a group on librdkafka, behind `Consumer::open` (consumer.h, which says what it promises).
// Ownership: its client, and through it the records that are out. Threads: the poll thread.
//   GroupConsumer consumer(settings, options, events, log);  consumer.start();  consumer.poll(100ms, 1000);
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "kafka/assignment.h"
#include "kafka/consumer.h"
#include "kafka/consumer_client.h"
#include "kafka/stall_check.h"

namespace loom::kafka {

class GroupConsumer final : public Consumer, ClientEvents {
 public:
  GroupConsumer(const ClusterSettings& settings, ConsumerOptions options, ConsumerEvents events, Log log)
      : settings_(settings), options_(std::move(options)), events_(std::move(events)), log_(std::move(log)) {}
  ~GroupConsumer() override { close(); }

  Result<void> start();
  Result<std::vector<Record>> poll(rd::Milliseconds wait, std::size_t max) override;
  void hold(const TopicPartition& partition) override;
  void release(const TopicPartition& partition) override;
  Result<void> seek(const TopicPartition& partition, Offset offset) override;
  void commit(const Offsets& next) override;
  Result<void> commit_now(const Offsets& next, rd::Milliseconds wait) override;
  bool is_at_end(const TopicPartition& partition) override {
    const auto* slot = assignment_.find(partition);
    return slot && slot->is_at_end && slot->kept.empty() && slot->ready == 0;
  }
  void close() override;
  /// Read and not delivered.
  [[nodiscard]] std::size_t bytes_waiting() const { return assignment_.bytes_waiting(); }
  rd::Milliseconds since_broker_answered() const override {
    return client_ ? client_->pulse.since() : rd::Milliseconds::max();
  }

 private:
  void on_rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions) override;
  void on_error(rd_kafka_resp_err_t code, const char* reason) override;
  void on_committed(rd_kafka_resp_err_t code) override;

  void assign(rd_kafka_topic_partition_list_t* partitions);
  void revoke(rd_kafka_topic_partition_list_t* partitions);
  void give_up(const std::vector<TopicPartition>& partitions, bool is_lost);
  Result<void> subscribe();
  void reopen();
  void fail_over(rd_kafka_resp_err_t code);
  void read(std::vector<Record>& out, rd::Milliseconds wait, std::size_t max);
  void take(rd_kafka_message_t* message, std::vector<Record>& out);
  void failed(const rd_kafka_message_t& message);
  void cut_off(const TopicPartition& partition, Slot& slot);
  void join(const TopicPartition& partition, Slot& slot);
  void part(Slot& slot);
  void resume(std::span<const TopicPartition> partitions);
  void send_commit();
  Result<void> commit_and_wait(rd_kafka_topic_partition_list_t* list, rd::Milliseconds wait);
  void look_for_stalls();
  [[nodiscard]] rd::Partitions assigned_of(const Offsets& next);

  const ClusterSettings settings_;
  const ConsumerOptions options_;
  const ConsumerEvents events_;
  const Log log_;
  Protocol protocol_ = Protocol::consumer;
  ConsumerClient::Ref client_;
  Assignment assignment_;
  std::vector<rd_kafka_message_t*> batch_;
  std::optional<Error> error_;  // for the operator; the next poll's answer

  Offsets pending_, committing_;  // the newest asked for; those under way
  bool is_committing_ = false;
  StallCheck stalls_;
  std::chrono::steady_clock::time_point commit_not_before_{}, reopen_at_{};
  bool must_reopen_ = false, is_closing_ = false;
};

}  // namespace loom::kafka
