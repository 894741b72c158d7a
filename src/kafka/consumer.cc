#include "kafka/consumer.h"

#include <algorithm>
#include <array>
#include <thread>

#include "kafka/group_consumer.h"

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
constexpr std::size_t most_laden = 8;  // partitions; with a sixteenth of the budget each, half of it

}  // namespace

// --- life ---

Result<void> GroupConsumer::start() {
  auto settings = settings_;
  if (options_.tell_end) settings.properties.insert_or_assign("enable.partition.eof", "true");
  auto client = ConsumerClient::open(settings, options_.group, protocol_, log_);
  if (!client) return tl::unexpected(client.error());
  stalls_.end();
  client_ = std::move(*client);
  client_->tell(this);
  stalls_.begin(client_->handle());
  return subscribe();
}

Result<void> GroupConsumer::subscribe() {
  rd::Partitions topics(rd_kafka_topic_partition_list_new(static_cast<int>(options_.topics.size())));
  for (const auto& topic : options_.topics)
    rd_kafka_topic_partition_list_add(topics.get(), topic.get().c_str(), RD_KAFKA_PARTITION_UA);
  if (auto code = rd_kafka_subscribe(client_->handle(), topics.get()))
    return tl::unexpected(rd::error_of(code, "consumer group '" + options_.group.get() + "'"));
  return {};
}

void GroupConsumer::close() {
  if (is_closing_ || !client_) return;
  is_closing_ = true;
  client_->close(close_wait);
  give_up(assignment_.partitions(), true);  // what is left was not revoked in time
  client_->tell(nullptr);
  assignment_.clear();
  pending_.clear();
  stalls_.end();
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
  log_.warn("consumer: fatal error, a new one is made",
            {{"group", options_.group.get()}, {"code", rd_kafka_err2name(code)}});
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
  if (is_closing_ || !client_) return out;
  if (must_reopen_ && Steady::now() >= reopen_at_) reopen();
  if (!pending_.empty()) send_commit();
  max = std::clamp<std::size_t>(max, 1, most_at_once);
  assignment_.take_ready(out, max, [this](const auto& partition, Slot& slot) { join(partition, slot); });
  if (out.size() < max) read(out, out.empty() ? wait : 0ms, max);
  look_for_stalls();
  if (error_ && out.empty()) return tl::unexpected(*std::exchange(error_, std::nullopt));
  return out;
}

void GroupConsumer::read(std::vector<Record>& out, rd::Milliseconds wait, std::size_t max) {
  auto* first = rd_kafka_consumer_poll(client_->handle(), rd::ms_of(wait));
  if (!first) return;
  batch_.resize(max - out.size());
  batch_[0] = first;
  std::size_t count = 1;
  if (batch_.size() > 1) {
    auto more = rd_kafka_consume_batch_queue(client_->queue(), 0, batch_.data() + 1, batch_.size() - 1);
    count += more > 0 ? static_cast<std::size_t>(more) : 0;
  }
  for (std::size_t i = 0; i < count; ++i) take(batch_[i], out);
}

void GroupConsumer::take(rd_kafka_message_t* message, std::vector<Record>& out) {
  bool is_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  auto* slot = message->err && !is_end ? nullptr : assignment_.find(*message);
  if (slot) slot->is_at_end = is_end, slot->has_moved = true;
  if (slot && !is_end) slot->has_position = true;
  if (is_end) return rd_kafka_message_destroy(message);
  if (message->err) failed(*message);
  if (!slot) return rd_kafka_message_destroy(message);  // an error, or revoked within this batch
  if (slot->is_held)
    slot->kept.push_back(client_->record_of(message));
  else
    out.push_back(client_->record_of(message));
}

void GroupConsumer::failed(const rd_kafka_message_t& message) {
  auto code = message.err;
  const char* text = rd_kafka_message_errstr(&message);
  if (rd::kind_of(code) == ErrorKind::not_found)  // waited for; the text names the topic
    return client_->journal.warn_seldom(text, "consumer: a subscribed topic is missing, it is waited for",
                                        rd_kafka_err2name(code));
  on_error(code, text);
}

void GroupConsumer::on_error(rd_kafka_resp_err_t code, const char* reason) {
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    if (!must_reopen_) fail_over(rd_kafka_fatal_error(client_->handle(), nullptr, 0));
    return;
  }
  if (rd::needs_operator(code)) error_ = rd::error_of(code, "consumer group '" + options_.group.get() + "'");
  client_->journal.warn_seldom(std::string("consumer ") + rd_kafka_err2name(code), reason, rd_kafka_err2name(code));
}

// --- what librdkafka does not notice ---

void GroupConsumer::look_for_stalls() {
  if (must_reopen_) return;
  auto stuck = stalls_.look(client_->handle(), assignment_);
  if (!stuck) return;
  log_.warn("consumer: a partition has records that its fetches do not see, a new client is made",
            {{"group", options_.group.get()}, {"topic", stuck->topic.get()}, {"partition", stuck->partition.get()}});
  must_reopen_ = true;
  reopen_at_ = Steady::now();
}

// --- rebalances ---

void GroupConsumer::on_rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions) {
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) return assign(partitions);
  revoke(partitions);
}

void GroupConsumer::assign(rd_kafka_topic_partition_list_t* partitions) {
  auto* client = client_->handle();
  std::vector<TopicPartition> names;
  for (int i = 0; i < partitions->cnt; ++i) {
    const auto& element = partitions->elems[i];
    names.push_back(rd::name_of(element));
    auto& slot = assignment_.add(names.back(),
                                 rd::Queue(rd_kafka_queue_get_partition(client, element.topic, element.partition)));
    slot.is_held = options_.assign_held;
    // Before librdkafka starts the partition, or its first records would go past the hold.
    slot.is_held ? part(slot) : join(names.back(), slot);
  }
  if (events_.assigned) events_.assigned(names);
  for (int i = 0; i < partitions->cnt; ++i) {
    auto* slot = assignment_.find(names[static_cast<std::size_t>(i)]);
    if (slot->start) partitions->elems[i].offset = slot->start->get();
    slot->is_started = true;
  }
  bool is_cooperative = std::string_view(rd_kafka_rebalance_protocol(client)) == "COOPERATIVE";
  rd::Failure failure(is_cooperative ? rd_kafka_incremental_assign(client, partitions) : nullptr);
  if (failure) log_.warn("consumer: assignment refused", {{"code", rd_kafka_error_name(failure.get())}});
  if (!is_cooperative) rd_kafka_assign(client, partitions);
}

void GroupConsumer::revoke(rd_kafka_topic_partition_list_t* partitions) {
  auto* client = client_->handle();
  std::vector<TopicPartition> names;
  for (int i = 0; i < partitions->cnt; ++i) names.push_back(rd::name_of(partitions->elems[i]));
  resume(names);  // librdkafka would remember the pause when they come back
  give_up(names, rd_kafka_assignment_lost(client) != 0);
  bool is_cooperative = std::string_view(rd_kafka_rebalance_protocol(client)) == "COOPERATIVE";
  rd::Failure failure(is_cooperative ? rd_kafka_incremental_unassign(client, partitions) : nullptr);
  if (failure) log_.warn("consumer: revocation refused", {{"code", rd_kafka_error_name(failure.get())}});
  if (!is_cooperative) rd_kafka_assign(client, nullptr);
}

void GroupConsumer::give_up(const std::vector<TopicPartition>& partitions, bool is_lost) {
  if (partitions.empty()) return;
  if (events_.revoked) events_.revoked(partitions, is_lost);
  Offsets last;  // asked for and perhaps not arrived
  for (const auto& partition : partitions) {
    if (auto it = committing_.find(partition); it != committing_.end()) last.insert(*it);
    if (auto it = pending_.find(partition); it != pending_.end()) last.insert_or_assign(partition, it->second);
  }
  if (!last.empty() && !is_lost)
    if (auto done = commit_now(last, last_commit_wait); !done)
      log_.warn("consumer: the last commit before a revocation failed", {{"error", to_string(done.error())}});
  for (const auto& partition : partitions) {
    pending_.erase(partition);
    committing_.erase(partition);
    assignment_.remove(partition);
  }
}

// --- holding and seeking ---

void GroupConsumer::join(const TopicPartition& partition, Slot& slot) {
  slot.is_joined = true;
  rd_kafka_queue_forward(slot.queue.get(), client_->queue());
  resume(std::span(&partition, 1));
}

void GroupConsumer::part(Slot& slot) {
  slot.is_joined = false;
  rd_kafka_queue_forward(slot.queue.get(), nullptr);
}

void GroupConsumer::hold(const TopicPartition& partition) {
  auto* slot = assignment_.find(partition);
  if (slot && !slot->is_held) cut_off(partition, *slot);
}

/// Pausing goes back to behind the last record that was read (`kept` has those), or to what was sought since. Not while
/// librdkafka still asks where the partition starts: a version of its own would make it ask twice, and start twice.
void GroupConsumer::cut_off(const TopicPartition& partition, Slot& slot) {
  slot.is_held = slot.has_moved = true;
  part(slot);
  if (slot.is_paused || !slot.has_position || assignment_.laden() <= most_laden) return;
  rd::Partitions list(rd_kafka_topic_partition_list_new(1));
  auto* element = rd::add(list.get(), partition, RD_KAFKA_OFFSET_INVALID);
  auto code = rd_kafka_pause_partitions(client_->handle(), list.get());
  slot.is_paused = !code && !element->err;
}

void GroupConsumer::resume(std::span<const TopicPartition> partitions) {
  rd::Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& partition : partitions) {
    auto* slot = assignment_.find(partition);
    if (!slot || !std::exchange(slot->is_paused, false)) continue;
    rd::add(list.get(), partition, RD_KAFKA_OFFSET_INVALID);
  }
  if (list->cnt != 0) rd_kafka_resume_partitions(client_->handle(), list.get());
}

void GroupConsumer::release(const TopicPartition& partition) {
  auto* slot = assignment_.find(partition);
  if (!slot || !slot->is_held) return;
  slot->is_held = false;
  assignment_.make_ready(*slot);
  if (slot->ready == 0) join(partition, *slot);
}

Result<void> GroupConsumer::seek(const TopicPartition& partition, Offset offset) {
  auto name = "partition " + partition.topic.get() + "/" + std::to_string(partition.partition.get());
  auto* slot = assignment_.find(partition);
  if (!slot)
    return fail(ErrorKind::not_found, name + " is not assigned to this member",
                {.remedy = "seek only what `assigned` named"});
  if (!slot->is_started) {
    slot->start = offset;
    return {};
  }
  rd::Partitions list(rd_kafka_topic_partition_list_new(1));
  auto* element = rd::add(list.get(), partition, offset.get());
  auto end = Steady::now() + seek_wait;
  do {  // a partition assigned just now is not seekable before its committed offset was read
    rd::Failure failure(rd_kafka_seek_partitions(client_->handle(), list.get(), rd::ms_of(seek_wait)));
    if (failure) return tl::unexpected(rd::error_of(rd_kafka_error_code(failure.get()), "seek of " + name));
    if (!element->err) {
      slot->has_position = true;
      assignment_.forget_records(partition);
      if (!slot->is_held && !slot->is_joined) join(partition, *slot);
      return {};
    }
    if (element->err != RD_KAFKA_RESP_ERR__STATE) break;
    std::this_thread::sleep_for(5ms);
    element->offset = offset.get();
  } while (Steady::now() < end);
  return fail(ErrorKind::unavailable, "seek of " + name + ": " + rd_kafka_err2str(element->err),
              {.remedy = "call again", .code = rd_kafka_err2name(element->err)});
}

// --- committing ---

rd::Partitions GroupConsumer::assigned_of(const Offsets& next) {
  rd::Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(next.size())));
  for (const auto& [partition, offset] : next)
    if (assignment_.find(partition)) rd::add(list.get(), partition, offset.get());
  return list;
}

void GroupConsumer::commit(const Offsets& next) {
  if (!client_) return;
  for (const auto& [partition, offset] : next)
    if (assignment_.find(partition)) pending_.insert_or_assign(partition, offset);
  send_commit();
}

/// One at a time, so that a retried older one never overtakes a newer one.
void GroupConsumer::send_commit() {
  if (is_committing_ || must_reopen_ || pending_.empty() || Steady::now() < commit_not_before_) return;
  auto list = assigned_of(pending_);
  committing_ = std::exchange(pending_, {});
  if (list->cnt == 0) return;
  if (auto code = rd_kafka_commit(client_->handle(), list.get(), 1)) return on_committed(code);
  is_committing_ = true;
}

void GroupConsumer::on_committed(rd_kafka_resp_err_t code) {
  is_committing_ = false;
  auto sent = std::exchange(committing_, {});
  if (!code || code == RD_KAFKA_RESP_ERR__NO_OFFSET) return send_commit();
  commit_not_before_ = Steady::now() + retry_commit_after;
  client_->journal.warn_seldom("commit", "consumer: a commit failed, it is tried again", rd_kafka_err2name(code));
  for (const auto& [partition, offset] : sent)
    if (assignment_.find(partition)) pending_.try_emplace(partition, offset);
}

/// It is the newest, whatever is under way; where it fails it is tried again as `commit` does.
Result<void> GroupConsumer::commit_now(const Offsets& next, rd::Milliseconds wait) {
  if (!client_) return fail(ErrorKind::unavailable, "the consumer is closed");
  auto list = assigned_of(next);
  if (list->cnt == 0) return {};
  for (const auto& [partition, offset] : next) pending_.erase(partition), committing_.erase(partition);
  auto done = commit_and_wait(list.get(), wait);
  if (done) return done;
  commit_not_before_ = Steady::now() + retry_commit_after;
  for (const auto& [partition, offset] : next)
    if (assignment_.find(partition)) pending_.insert_or_assign(partition, offset);
  return done;
}

Result<void> GroupConsumer::commit_and_wait(rd_kafka_topic_partition_list_t* list, rd::Milliseconds wait) {
  auto what = "commit for consumer group '" + options_.group.get() + "'";
  rd::Queue answers(rd_kafka_queue_new(client_->handle()));
  if (auto code = rd_kafka_commit_queue(client_->handle(), list, answers.get(), nullptr, nullptr))
    return tl::unexpected(rd::error_of(code, what));
  rd::Event event(rd_kafka_queue_poll(answers.get(), rd::ms_of(wait)));
  if (!event)
    return fail(ErrorKind::unavailable, what + " was not answered in " + std::to_string(wait.count()) + " ms");
  auto code = rd_kafka_event_error(event.get());
  const auto* answered = rd_kafka_event_topic_partition_list(event.get());
  for (int i = 0; !code && answered && i < answered->cnt; ++i) code = answered->elems[i].err;
  if (code) return tl::unexpected(rd::error_of(code, what));
  return {};
}

Result<std::unique_ptr<Consumer>> Consumer::open(const ClusterSettings& settings, ConsumerOptions options,
                                                 ConsumerEvents events, Log log) {
  auto consumer = std::make_unique<GroupConsumer>(settings, std::move(options), std::move(events), std::move(log));
  if (auto started = consumer->start(); !started) return tl::unexpected(started.error());
  return consumer;
}

}  // namespace loom::kafka
