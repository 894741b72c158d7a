#include "kafka/consumer_client.h"

#include <algorithm>

namespace loom::kafka {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t mebibyte = 1 << 20;

// Cooperative assignors before 2.10 lose assignments when a commit falls into a rebalance.
const char* classic_assignor() { return rd_kafka_version() >= 0x020a0000 ? "cooperative-sticky" : "range"; }

/// What librdkafka may hold for us, from the one budget: a part of it queued, in the queue of each partition that is cut
/// off and not paused again.
void set_fetch_sizes(rd::Conf& conf, std::int64_t budget) {
  conf.set("queued.max.messages.kbytes", std::max<std::int64_t>(1024, budget / 16 / 1024));
  conf.set("queued.min.messages", std::clamp<std::int64_t>(budget / 8192, 1'000, 100'000));  // small ones weigh half a KB more
  conf.set("fetch.message.max.bytes", std::clamp<std::int64_t>(budget / 32, mebibyte / 4, mebibyte));
  conf.set("fetch.max.bytes", std::clamp<std::int64_t>(budget / 2, 16 * mebibyte, 48 * mebibyte));
  conf.set("fetch.queue.backoff.ms", 10);  // the default of a second stalls small budgets
  conf.set("fetch.wait.max.ms", 100);      // a seek waits for the fetch under way
}

}  // namespace

void ConsumerClient::configure(rd::Conf& conf, const ClusterSettings& settings, Protocol protocol) {
  auto* topics = rd_kafka_topic_conf_new();
  rd_kafka_topic_conf_set_opaque(topics, static_cast<rd::Owner*>(this));  // how `release` finds its client
  rd_kafka_conf_set_default_topic_conf(conf.get(), topics);
  conf.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
  conf.set("auto.offset.reset", "earliest").set("isolation.level", "read_committed");
  // A partition whose leader has died is looked for this often: librdkafka asks at once only when a connection breaks.
  conf.set("topic.metadata.refresh.interval.ms", 2000).set("topic.metadata.propagation.max.ms", 3000);
  set_fetch_sizes(conf, static_cast<std::int64_t>(settings.consumer_budget.count));
  if (protocol == Protocol::consumer)
    conf.set("group.protocol", "consumer");
  else
    conf.set("session.timeout.ms", 6000)
        .set("heartbeat.interval.ms", 1000)
        .set("partition.assignment.strategy", classic_assignor());
  rd_kafka_conf_set_rebalance_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list, void* opaque) {
        if (auto* events = of(opaque).events_) events->on_rebalance(what, list);
      });
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
    if (auto* events = of(opaque).events_) events->on_error(static_cast<rd_kafka_resp_err_t>(code), reason);
  });
  rd_kafka_conf_set_offset_commit_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*, void* opaque) {
        if (auto* events = of(opaque).events_) events->on_committed(code);
      });
}

Result<ConsumerClient::Ref> ConsumerClient::open(const ClusterSettings& settings, const ConsumerGroup& group,
                                                 Protocol protocol, Log log) {
  Ref self(new ConsumerClient(std::move(log)));
  rd::Conf conf(settings, *self);
  conf.set("group.id", group.get());
  self->configure(conf, settings, protocol);
  auto client = conf.make(RD_KAFKA_CONSUMER);
  if (!client) return tl::unexpected(client.error());
  self->client_.reset(client->release());
  rd_kafka_poll_set_consumer(self->handle());
  self->queue_.reset(rd_kafka_queue_get_consumer(self->handle()));
  return self;
}

ConsumerClient::~ConsumerClient() {
  queue_.reset();
  client_.reset();
}

void ConsumerClient::drop(long count) {
  if (references_.fetch_sub(count, std::memory_order_acq_rel) == count) delete this;
}

Record ConsumerClient::record_of(rd_kafka_message_t* message) {
  references_.fetch_add(1, std::memory_order_relaxed);
  return rd::record_of(message, release);
}

void ConsumerClient::release(void* owner) {
  auto* message = static_cast<rd_kafka_message_t*>(owner);
  auto& client = of(rd_kafka_topic_opaque(message->rkt));
  rd_kafka_message_destroy(message);
  client.drop(1);
}

void ConsumerClient::close(rd::Milliseconds wait) {
  auto end = std::chrono::steady_clock::now() + wait;
  rd::Queue last(rd_kafka_queue_new(handle()));
  if (rd::Failure failure{rd_kafka_consumer_close_queue(handle(), last.get())}) {
    journal.log().warn("consumer: closing failed", {{"code", rd_kafka_error_name(failure.get())}});
    return;
  }
  while (!rd_kafka_consumer_closed(handle()) && std::chrono::steady_clock::now() < end)
    rd::Message dropped(rd_kafka_consume_queue(last.get(), 20));
}

}  // namespace loom::kafka
