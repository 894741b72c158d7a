// One librdkafka consumer, alive until the last of its records is gone: a Record may outlive the Consumer that gave it.
// Ownership: counted; the Consumer holds one reference (ClientRef), each record in other hands one.
// Threads: references from any; the rest from the poll thread. The handle's callbacks run inside its polls.
//   auto client = ConsumerClient::open(settings, options, Protocol::consumer, handler, log);
#pragma once

#include <atomic>
#include <memory>

#include "kafka/consumer.h"
#include "kafka/rd.h"

namespace loom::kafka {

enum class Protocol { consumer, classic };  // KIP-848's, and the one before

/// What a client tells its consumer, from inside a poll.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  virtual void on_rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions) = 0;
  virtual void on_error(rd_kafka_resp_err_t code, const char* reason) = 0;
  virtual void on_committed(rd_kafka_resp_err_t code) = 0;
};

class ConsumerClient final : public rd::Owner {
 public:
  struct Release {
    void operator()(ConsumerClient* client) const { client->drop(1); }
  };
  using Ref = std::unique_ptr<ConsumerClient, Release>;

  static Result<Ref> open(const ClusterSettings& settings, const ConsumerGroup& group, Protocol protocol, Log log);

  [[nodiscard]] rd_kafka_t* handle() const { return client_.get(); }
  [[nodiscard]] rd_kafka_queue_t* queue() const { return queue_.get(); }
  void tell(ClientEvents* events) { events_ = events; }
  /// A record that keeps this client alive.
  [[nodiscard]] Record record_of(rd_kafka_message_t* message);
  /// Leaves the group, running the last rebalances; gives up after `wait`.
  void close(rd::Milliseconds wait);

 private:
  explicit ConsumerClient(Log log) : rd::Owner(std::move(log)) {}
  ~ConsumerClient() override;
  void configure(rd::Conf& conf, const ClusterSettings& settings, Protocol protocol);
  void drop(long count);
  static void release(void* message);
  static ConsumerClient& of(void* opaque) { return *static_cast<ConsumerClient*>(static_cast<rd::Owner*>(opaque)); }

  ClientEvents* events_ = nullptr;
  std::atomic<long> references_{1};
  rd::GroupClient client_;
  rd::Queue queue_;
};

}  // namespace loom::kafka
