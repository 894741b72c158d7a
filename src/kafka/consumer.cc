#include "kafka/consumer.h"

#include <algorithm>
#include <array>
#include <thread>

#include "kafka/assignment.h"
#include "kafka/consumer_client.h"

namespace loom::kafka {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto close_wait = 5s;
constexpr auto seek_wait = 300ms;
constexpr auto retry_commit_after = 500ms;
constexpr auto reopen_after = 1s;
constexpr auto last_commit_wait = 3s;
constexpr std::size_t most_at_once = 10'000;

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
  void close() override;
  rd::Milliseconds since_broker_answered() const override { return client_ ? client_->pulse.since() : rd::Milliseconds::max(); }

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
  void send_commit();
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
  Steady::time_point commit_not_before_{}, reopen_at_{};
  bool must_reopen_ = false, is_closed_ = false;
};

// --- life ---

Result<void> GroupConsumer::start() {
  auto client = ConsumerClient::open(settings_, options_.group, protocol_, log_);
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  client_->tell(this);
  return subscribe();
}

Result<void> GroupConsumer::subscribe() {
  rd::Partitions topics(rd_kafka_topic_partition_list_new(static_cast<int>(options_.topics.size())));
  for (const auto& topic : options_.topics) rd_kafka_topic_partition_list_add(topics.get(), topic.get().c_str(), RD_KAFKA_PARTITION_UA);
  if (auto code = rd_kafka_subscribe(client_->handle(), topics.get()))
    return tl::unexpected(rd::error_of(code, "consumer group '" + options_.group.get() + "'"));
  return {};
}

void GroupConsumer::close() {
  if (is_closed_ || !client_) return;
  is_closed_ = true;
  client_->close(close_wait);
  give_up(assignment_.partitions(), true);  // what is left was not revoked in time
  client_->tell(nullptr);
  assignment_.clear();
  client_.reset();
}

/// The client is spent: the next poll makes another.
void GroupConsumer::fail_over(rd_kafka_resp_err_t code) {
  bool is_old_broker = code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION || code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
  must_reopen_ = true;
  if (is_old_broker && protocol_ == Protocol::consumer) {
    protocol_ = Protocol::classic;
    reopen_at_ = Steady::now();
    return log_.info("consumer: the broker lacks the consumer group protocol, the classic one is used",
                     {{"group", options_.group.get()}, {"code", rd_kafka_err2name(code)}});
  }
  reopen_at_ = Steady::now() + reopen_after;
  if (rd::needs_operator(code)) error_ = rd::error_of(code, "consumer group '" + options_.group.get() + "'");
  log_.warn("consumer: fatal error, a new one is made", {{"group", options_.group.get()}, {"code", rd_kafka_err2name(code)}});
}

void GroupConsumer::reopen() {
  must_reopen_ = false;
  give_up(assignment_.partitions(), true);
  client_->tell(nullptr);
  assignment_.clear();
  is_committing_ = false;
  if (auto started = start(); !started) error_ = started.error();
}

// --- reading ---

Result<std::vector<Record>> GroupConsumer::poll(rd::Milliseconds wait, std::size_t max) {
  std::vector<Record> out;
  if (is_closed_) return out;
  if (must_reopen_ && Steady::now() >= reopen_at_) reopen();
  if (!pending_.empty()) send_commit();
  max = std::min(max, most_at_once);
  assignment_.take_ready(out, max);
  if (max == 0)
    rd::Message none(rd_kafka_consumer_poll(client_->handle(), 0));  // never a record: nobody has room for one
  else if (out.size() < max)
    read(out, out.empty() ? wait : 0ms, max);
  if (error_ && out.empty()) return tl::unexpected(*std::exchange(error_, std::nullopt));
  return out;
}

void GroupConsumer::read(std::vector<Record>& out, rd::Milliseconds wait, std::size_t max) {
  auto* first = rd_kafka_consumer_poll(client_->handle(), rd::ms_of(wait));
  if (!first) return;
  take(first, out);
  if (out.size() >= max) return;
  batch_.resize(max - out.size());
  auto count = rd_kafka_consume_batch_queue(client_->queue(), 0, batch_.data(), batch_.size());
  for (ssize_t i = 0; i < count; ++i) take(batch_[static_cast<std::size_t>(i)], out);
}

void GroupConsumer::take(rd_kafka_message_t* message, std::vector<Record>& out) {
  if (message->err) {
    failed(*message);
    return rd_kafka_message_destroy(message);
  }
  auto* slot = assignment_.find(*message);
  if (!slot) return rd_kafka_message_destroy(message);  // revoked within this batch
  auto& to = slot->is_held ? slot->kept : ready_or(out);
}

}  // namespace
}  // namespace loom::kafka
