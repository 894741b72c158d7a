#include "kafka/producer.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "kafka/producer_session.h"

namespace loom::kafka {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto metadata_every = 2s;  // keeps `since_broker_answered` truthful while nothing is sent
constexpr auto unknown_topic_after = 3s;

rd::Milliseconds left_until(Steady::time_point end) {
  return std::max(0ms, std::chrono::duration_cast<rd::Milliseconds>(end - Steady::now()));
}

class LiveProducer final : public Producer, rd::Owner {
 public:
  LiveProducer(ClusterSettings settings, ProducerOptions options, Log log)
      : rd::Owner(std::move(log)),
        settings_(std::move(settings)),
        options_(std::move(options)),
        budget_(settings_.producer_budget.count) {}
  ~LiveProducer() override;

  Result<void> start();
  Result<void> send(OutRecord&& record, Done done) override;
  void wake(int eventfd) override;
  std::size_t serve(rd::Milliseconds wait) override;
  Result<void> warm(const TopicName& topic, rd::Milliseconds wait) override;
  Result<void> flush(rd::Milliseconds wait) override;
  std::size_t bytes_in_flight() const override { return bytes_.load(std::memory_order_relaxed); }
  std::size_t records_in_flight() const override { return records_.load(std::memory_order_relaxed); }
  rd::Milliseconds since_broker_answered() const override { return pulse.since(); }
  [[nodiscard]] std::shared_ptr<Session> current() const;

 private:
  using Current = std::shared_ptr<Session>;
  struct Failed {
    InFlight* message;
    Error error;
  };

  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* report, void* opaque);
  static void on_error(rd_kafka_t* client, int code, const char* reason, void* opaque);
  [[nodiscard]] Result<Current> open_session();
  [[nodiscard]] bool admit(std::size_t bytes);
  void finish(InFlight* message, Result<Delivery> where);
  void forget(InFlight* message);
  void park(InFlight* message, std::unique_ptr<OutRecord> record);
  void serve_failed();
  Result<void> metadata_of(const TopicName& topic, Steady::time_point end);

  void begin_recovery(rd_kafka_t* broken);
  void recover(Current old);
  bool drain(const Current& old);
  void resume(Current next);
  void ring() const;

  const ClusterSettings settings_;
  const ProducerOptions options_;
  const std::size_t budget_;
  std::atomic<std::size_t> bytes_{0}, records_{0}, served_{0};
  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<bool> closing_{false};

  mutable std::shared_mutex mutex_;  // session_, is_recovering_, eventfd_
  Current session_;
  bool is_recovering_ = false;
  int eventfd_ = -1;

  std::mutex parked_mutex_;  // parked_, failed_
  std::vector<InFlight*> parked_;
  std::vector<Failed> failed_;

  std::mutex idle_mutex_;
  std::condition_variable idle_;
  std::thread poller_, recovery_;
};

LiveProducer::~LiveProducer() {
  closing_ = true;
  if (poller_.joinable()) {
    if (auto session = current()) session->interrupt();
    poller_.join();
  }
  std::thread recovery;
  {
    std::unique_lock lock(mutex_);
    recovery = std::move(recovery_);
  }
  if (recovery.joinable()) recovery.join();
  if (session_) {
    for (int i = 0; i < 100 && !session_->is_empty(); ++i) {
      session_->purge();
      session_->poll(10ms);
    }
  }
  for (auto* message : parked_) delete message;
  for (auto& failed : failed_) delete failed.message;
}

Result<LiveProducer::Current> LiveProducer::open_session() {
  rd::Conf conf(settings_, *this);
  auto kbytes = std::min<std::size_t>(2'000'000, 2 * (budget_ + options_.max_message_bytes) / 1024 + 1024);
  conf.set("enable.idempotence", "true").set("acks", "all").set("partitioner", "murmur2_random");
  conf.set("linger.ms", options_.linger.count()).set("message.timeout.ms", options_.delivery_timeout.count());
  conf.set("queue.buffering.max.messages", 0).set("queue.buffering.max.kbytes", static_cast<std::int64_t>(kbytes));
  conf.set("message.max.bytes", static_cast<std::int64_t>(options_.max_message_bytes));
  conf.set("compression.type", options_.compression);
  conf.set("topic.metadata.refresh.interval.ms", rd::Milliseconds(metadata_every).count());
  conf.set("metadata.max.age.ms", rd::Milliseconds(15min).count());
  conf.set("topic.metadata.propagation.max.ms", rd::Milliseconds(unknown_topic_after).count());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  auto client = conf.make(RD_KAFKA_PRODUCER);
  if (!client) return tl::unexpected(client.error());
  return std::make_shared<Session>(std::move(*client));
}

Result<void> LiveProducer::start() {
  auto session = open_session();
  if (!session) return tl::unexpected(session.error());
  session_ = std::move(*session);
  if (options_.polling == ProducerOptions::Polling::own_thread)
    poller_ = std::thread([this] {
      while (!closing_) serve(1s);
    });
  return {};
}

std::shared_ptr<Session> LiveProducer::current() const {
  std::shared_lock lock(mutex_);
  return session_;
}

bool LiveProducer::admit(std::size_t bytes) {
  auto before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before != 0 && before + bytes > budget_) {  // one that is larger than all of the budget goes alone
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  records_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

Result<void> LiveProducer::send(OutRecord&& record, Done done) {
  auto bytes = record.bytes();
  if (!admit(bytes))
    return fail(ErrorKind::full, "the producer's budget of " + std::to_string(budget_) + " bytes is in flight",
                {.field = "kafka.producer_budget", .remedy = "try again when some of it is acknowledged"});
  auto* message = new InFlight{std::move(done), 0, bytes, {}, nullptr};
  std::shared_lock lock(mutex_);
  message->sequence = sequence_.fetch_add(1, std::memory_order_relaxed);
  if (is_recovering_) {
    park(message, std::make_unique<OutRecord>(std::move(record)));
    return {};
  }
  auto code = session_->produce(record, *message);
  if (!code) [[likely]]
    return {};
  if (session_->is_fatal()) {
    auto* broken = session_->client();
    park(message, std::make_unique<OutRecord>(std::move(record)));
    lock.unlock();
    begin_recovery(broken);
    return {};
  }
  forget(message);
  return tl::unexpected(rd::error_of(code, "topic '" + record.topic.get() + "'"));
}

void LiveProducer::wake(int eventfd) {
  std::unique_lock lock(mutex_);
  eventfd_ = eventfd;
  if (session_) session_->wake(eventfd);
}

std::size_t LiveProducer::serve(rd::Milliseconds wait) {
  auto before = served_.load(std::memory_order_relaxed);
  serve_failed();
  current()->poll(wait);
  serve_failed();
  return served_.load(std::memory_order_relaxed) - before;
}

void LiveProducer::serve_failed() {
  std::vector<Failed> failed;
  {
    std::lock_guard lock(parked_mutex_);
    failed.swap(failed_);
  }
  for (auto& [message, error] : failed) finish(message, tl::unexpected(std::move(error)));
}

void LiveProducer::on_delivery(rd_kafka_t* client, const rd_kafka_message_t* report, void* opaque) {
  auto& self = *static_cast<LiveProducer*>(static_cast<rd::Owner*>(opaque));
  auto* message = static_cast<InFlight*>(report->_private);
  if (self.closing_) return self.forget(message);
  if (!report->err) return self.finish(message, Delivery{Partition{report->partition}, Offset{report->offset}});
  auto kind = rd::kind_of(report->err);
  bool is_broken = rd_kafka_fatal_error(client, nullptr, 0) != 0;
  if (is_broken && (kind == ErrorKind::unavailable || kind == ErrorKind::internal)) {
    auto record = message->record ? std::move(message->record) : record_of(*report);
    record->partition = message->partition;
    self.park(message, std::move(record));
    return self.begin_recovery(client);
  }
  auto error = rd::error_of(report->err, "topic '" + std::string(rd_kafka_topic_name(report->rkt)) + "'");
  self.finish(message, tl::unexpected(std::move(error)));
}

void LiveProducer::on_error(rd_kafka_t* client, int code, const char* reason, void* opaque) {
  auto& self = *static_cast<LiveProducer*>(static_cast<rd::Owner*>(opaque));
  auto what = static_cast<rd_kafka_resp_err_t>(code);
  if (what == RD_KAFKA_RESP_ERR__FATAL) return self.begin_recovery(client);
  const char* name = rd_kafka_err2name(what);
  if (rd::needs_operator(what))
    self.journal.log().error("producer: the cluster refuses us", {{"code", name}, {"reason", reason}});
  else
    self.journal.warn_seldom(std::string("producer ") + name, reason, name);
}

void LiveProducer::finish(InFlight* message, Result<Delivery> where) {
  served_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_sub(std::exchange(message->bytes, 0), std::memory_order_relaxed);  // `done` may send again at once
  if (message->done) message->done(std::move(where));
  forget(message);  // last: an empty producer has called every `done`
}

void LiveProducer::forget(InFlight* message) {
  bytes_.fetch_sub(message->bytes, std::memory_order_relaxed);
  delete message;
  if (records_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    std::lock_guard lock(idle_mutex_);
    idle_.notify_all();
  }
}

void LiveProducer::park(InFlight* message, std::unique_ptr<OutRecord> record) {
  message->record = std::move(record);
  std::lock_guard lock(parked_mutex_);
  parked_.push_back(message);
}

// --- after a fatal error: everything comes back by its report, a new session gets it in the old order ---

void LiveProducer::begin_recovery(rd_kafka_t* broken) {
  std::unique_lock lock(mutex_);
  if (is_recovering_ || closing_ || session_->client() != broken) return;
  is_recovering_ = true;
  std::array<char, 256> why{};
  auto code = rd_kafka_fatal_error(broken, why.data(), why.size());
  journal.log().warn("producer: fatal error, a new one is made",
                     {{"code", rd_kafka_err2name(code)}, {"reason", why.data()}});
  recovery_ = std::thread([this, old = session_, before = std::move(recovery_)]() mutable {
    if (before.joinable()) before.join();
    recover(std::move(old));
  });
}

bool LiveProducer::drain(const Current& old) {
  while (!old->is_empty()) {  // whoever serves runs the reports
    if (closing_) return false;
    old->purge();
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

void LiveProducer::recover(Current old) {
  if (!drain(old)) return;
  pulse.has_producer_id = false;
  auto next = open_session();
  while (!next && !closing_) {
    journal.warn_seldom("producer", "no new producer can be made", next.error().message);
    std::this_thread::sleep_for(100ms);
    next = open_session();
  }
  if (!next) return;
  resume(std::move(*next));
  old->interrupt();
  while (old.use_count() > 1 && !closing_) std::this_thread::sleep_for(2ms);  // destroyed here, not by who serves
  old.reset();
}

void LiveProducer::resume(Current next) {
  std::unique_lock lock(mutex_);
  std::lock_guard parked_lock(parked_mutex_);
  std::ranges::sort(parked_, {}, &InFlight::sequence);
  if (eventfd_ >= 0) next->wake(eventfd_);
  for (auto* message : parked_) {
    auto record = std::move(message->record);
    if (auto code = next->produce(*record, *message))
      failed_.push_back({message, rd::error_of(code, "topic '" + record->topic.get() + "'")});
  }
  journal.log().info("producer: what was not acknowledged is sent again", {{"records", parked_.size()}});
  parked_.clear();
  session_ = std::move(next);
  is_recovering_ = false;
  if (!failed_.empty()) ring();
}

void LiveProducer::ring() const {
  const std::uint64_t one = 1;
  if (eventfd_ >= 0) [[maybe_unused]]
    auto written = ::write(eventfd_, &one, sizeof one);
}

// --- waiting ---

Result<void> LiveProducer::metadata_of(const TopicName& topic, Steady::time_point end) {
  auto patience = std::min(end, Steady::now() + unknown_topic_after);  // a topic that was made just now
  auto code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  do {
    auto session = current();
    auto* rkt = session->topic(topic);
    if (!rkt) return tl::unexpected(rd::error_of(rd_kafka_last_error(), "topic '" + topic.get() + "'"));
    const struct rd_kafka_metadata* raw = nullptr;
    code = rd_kafka_metadata(session->client(), 0, rkt, &raw, rd::ms_of(std::clamp(left_until(end), 1ms, 1000ms)));
    if (!code) {
      code = raw->topic_cnt == 1 ? raw->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
      rd_kafka_metadata_destroy(raw);
      if (!code) return {};
      if (rd::needs_operator(code) || (rd::kind_of(code) == ErrorKind::not_found && Steady::now() > patience)) break;
    }
    std::this_thread::sleep_for(std::min(left_until(end), 20ms));
  } while (Steady::now() < end);
  return tl::unexpected(rd::error_of(code, "topic '" + topic.get() + "'"));
}

Result<void> LiveProducer::warm(const TopicName& topic, rd::Milliseconds wait) {
  auto end = Steady::now() + wait;
  if (auto known = metadata_of(topic, end); !known) return known;
  while (!pulse.has_producer_id) {
    if (Steady::now() >= end)
      return fail(ErrorKind::unavailable, "the cluster gave no producer id in time",
                  {.remedy = "check that the brokers of kafka.bootstrap run and allow idempotent writes"});
    std::this_thread::sleep_for(5ms);
  }
  return {};
}

Result<void> LiveProducer::flush(rd::Milliseconds wait) {
  auto end = Steady::now() + wait;
  bool is_served = options_.polling == ProducerOptions::Polling::own_thread;
  while (records_.load(std::memory_order_acquire) != 0 && Steady::now() < end) {
    if (!is_served) {
      serve(std::min(left_until(end), 50ms));
      continue;
    }
    std::unique_lock lock(idle_mutex_);
    idle_.wait_until(lock, end, [this] { return records_.load(std::memory_order_acquire) == 0; });
  }
  auto left = records_.load(std::memory_order_acquire);
  if (left == 0) return {};
  return fail(ErrorKind::timeout, std::to_string(left) + " records are not acknowledged",
              {.remedy = "check the brokers and try again"});
}

}  // namespace

void break_session(Producer& producer) {
  rd_kafka_test_fatal_error(dynamic_cast<LiveProducer&>(producer).current()->client(),
                            RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "injected by a test");
}

Result<std::unique_ptr<Producer>> Producer::open(const ClusterSettings& settings, ProducerOptions options, Log log) {
  auto producer = std::make_unique<LiveProducer>(settings, std::move(options), std::move(log));
  if (auto started = producer->start(); !started) return tl::unexpected(started.error());
  return producer;
}

}  // namespace loom::kafka
