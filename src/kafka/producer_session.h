// One librdkafka producer and what it was given. A session ends with the first fatal error; the Producer then opens the
// next one. A large value stays where it is until its delivery report, librdkafka reads it in place. A small record is
// copied into librdkafka's own message and given up at once: what is freed by the thread that made it costs half.
// Threads: `produce` from any; `poll` from the one that serves.
// Errors: librdkafka's codes, translated by the Producer.
//   Session session(std::move(client)); auto code = session.produce(record, in_flight); session.poll(5ms);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "kafka/producer.h"
#include "kafka/rd.h"

namespace loom::kafka {

struct InFlight {
  Done done;
  std::uint64_t sequence = 0;  // the order of sending, kept when sent again
  std::size_t bytes = 0;
  std::optional<Partition> partition;  // if the sender chose it
  std::unique_ptr<OutRecord> record;   // large, or waiting to be sent again
};
/// What a report's record was, to send it again.
[[nodiscard]] std::unique_ptr<OutRecord> record_of(const rd_kafka_message_t& report);

class Session {
 public:
  explicit Session(rd::Client client);

  /// Code 0: the record is taken, its delivery report comes once. Otherwise it is left alone.
  rd_kafka_resp_err_t produce(OutRecord& record, InFlight& message);
  void poll(rd::Milliseconds wait) { rd_kafka_poll(client_.get(), rd::ms_of(wait)); }
  void wake(int eventfd);
  void interrupt() { rd_kafka_queue_yield(main_.get()); }

  [[nodiscard]] rd_kafka_topic_t* topic(const TopicName& name);
  [[nodiscard]] rd_kafka_t* client() const { return client_.get(); }
  [[nodiscard]] bool is_fatal() const { return rd_kafka_fatal_error(client_.get(), nullptr, 0) != 0; }
  [[nodiscard]] bool is_empty() const { return rd_kafka_outq_len(client_.get()) == 0; }
  /// What is queued or under way comes back by its report, as purged.
  void purge() { rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT); }

 private:
  rd::Client client_;
  rd::Queue main_;
  std::shared_mutex mutex_;  // topics_
  std::unordered_map<std::string, rd::Topic> topics_;
};

/// For tests: librdkafka's next word about this producer is a fatal error.
void break_session(Producer& producer);

}  // namespace loom::kafka
