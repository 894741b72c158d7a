#include <algorithm>
#include <array>
#include <thread>

#include "kafka/admin.h"
#include "kafka/consumer_client.h"

namespace loom::kafka {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto tick = 1s;
constexpr auto propagation = 2s;  // a topic made just now
constexpr auto patience = 30s;    // without any answer of a broker, for a range that has an end

class RangeReader {
 public:
  RangeReader(const std::map<TopicPartition, Range>& ranges, const std::function<bool(const Record*)>& visit)
      : visit_(visit) {
    for (const auto& [partition, range] : ranges)
      if (range.until.get() < 0 || range.from < range.until) open_.emplace(partition, range);
  }

  Result<void> run(const ClusterSettings& settings, Log log);

 private:
  [[nodiscard]] Result<void> check_partitions();
  [[nodiscard]] rd_kafka_resp_err_t check_topic(const TopicName& topic, Partition last);
  [[nodiscard]] Result<void> assign();
  /// nullopt: go on; otherwise the end, good or bad.
  std::optional<Result<void>> take(rd_kafka_message_t* raw);
  std::optional<Result<void>> failed(const rd_kafka_message_t& message);
  std::optional<Result<void>> idle();
  void finish(const TopicPartition& partition);
  /// The open range of this record, quick for runs of one partition; nullptr: none.
  Range* range_of(const rd_kafka_message_t& message, const Record& record);
  std::optional<Result<void>> take_batch(rd_kafka_message_t* first);

  const std::function<bool(const Record*)>& visit_;
  std::map<TopicPartition, Range> open_;
  ConsumerClient::Ref client_;
  Steady::time_point told_ = Steady::now();
  std::array<rd_kafka_message_t*, 1000> batch_{};
  struct {
    const rd_kafka_topic_t* topic = nullptr;
    std::int32_t partition = -1;
    Range* range = nullptr;
  } last_;
};

/// An assigned partition of a topic that is not there stays silent for ever: better asked before.
Result<void> RangeReader::check_partitions() {
  auto end = Steady::now() + propagation;
  for (auto it = open_.begin(); it != open_.end();) {
    auto topic = it->first.topic;
    auto next = std::find_if(it, open_.end(), [&](const auto& one) { return one.first.topic != topic; });
    auto last = std::prev(next)->first.partition;
    auto code = check_topic(topic, last);
    if (!code) {
      it = next;
      continue;
    }
    if (rd::kind_of(code) != ErrorKind::not_found || Steady::now() > end)
      return tl::unexpected(rd::error_of(code, "partition " + topic.get() + "/" + std::to_string(last.get())));
    std::this_thread::sleep_for(50ms);
  }
  return {};
}

rd_kafka_resp_err_t RangeReader::check_topic(const TopicName& topic, Partition last) {
  rd::Topic handle(rd_kafka_topic_new(client_->handle(), topic.get().c_str(), nullptr));
  if (!handle) return rd_kafka_last_error();
  const struct rd_kafka_metadata* raw = nullptr;
  auto code = rd_kafka_metadata(client_->handle(), 0, handle.get(), &raw, rd::ms_of(patience));
  if (code) return code;
  code = raw->topic_cnt == 1 ? raw->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  if (!code && last.get() >= raw->topics[0].partition_cnt) code = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
  rd_kafka_metadata_destroy(raw);
  return code;
}

Result<void> RangeReader::assign() {
  rd::Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(open_.size())));
  for (const auto& [partition, range] : open_) rd::add(list.get(), partition, range.from.get());
  if (auto code = rd_kafka_assign(client_->handle(), list.get()))
    return tl::unexpected(rd::error_of(code, "reading a range"));
  return {};
}

Result<void> RangeReader::run(const ClusterSettings& settings, Log log) {
  if (open_.empty()) return {};
  auto own = settings;
  own.properties.insert_or_assign("enable.partition.eof", "true");
  auto client = ConsumerClient::open(own, ConsumerGroup{"loom-read"}, Protocol::classic, std::move(log));
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  if (auto known = check_partitions(); !known) return known;
  if (auto assigned = assign(); !assigned) return assigned;
  while (!open_.empty()) {
    auto* message = rd_kafka_consumer_poll(client_->handle(), 100);
    auto end = message ? take_batch(message) : idle();
    if (end) return *end;
  }
  return {};
}

/// What else lies ready comes with the first one.
std::optional<Result<void>> RangeReader::take_batch(rd_kafka_message_t* first) {
  batch_[0] = first;
  auto more = rd_kafka_consume_batch_queue(client_->queue(), 0, batch_.data() + 1, batch_.size() - 1);
  std::size_t count = 1 + (more > 0 ? static_cast<std::size_t>(more) : 0);
  std::optional<Result<void>> end;
  for (std::size_t i = 0; i < count; ++i) {
    if (end)
      rd_kafka_message_destroy(batch_[i]);
    else
      end = take(batch_[i]);
  }
  return end;
}

Range* RangeReader::range_of(const rd_kafka_message_t& message, const Record& record) {
  if (message.rkt != last_.topic || message.partition != last_.partition) {
    auto found = open_.find(record.topic_partition());
    last_ = {message.rkt, message.partition, found == open_.end() ? nullptr : &found->second};
  }
  return last_.range;
}

std::optional<Result<void>> RangeReader::take(rd_kafka_message_t* raw) {
  if (raw->err) {
    rd::Message message(raw);
    return failed(*message);
  }
  auto record = client_->record_of(raw);
  auto* range = range_of(*raw, record);
  if (!range || record.offset() < range->from) return std::nullopt;
  auto until = range->until.get();
  if (until < 0 || record.offset().get() < until) {
    told_ = Steady::now();
    if (!visit_(&record)) return Result<void>{};
  }
  if (until >= 0 && record.offset().get() + 1 >= until) finish(record.topic_partition());
  return std::nullopt;
}

std::optional<Result<void>> RangeReader::failed(const rd_kafka_message_t& message) {
  auto code = message.err;
  if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {  // what is missing up to `until` are gaps
    TopicPartition partition{TopicName{rd_kafka_topic_name(message.rkt)}, Partition{message.partition}};
    if (auto it = open_.find(partition); it != open_.end() && it->second.until.get() >= 0) finish(partition);
    return idle();
  }
  auto kind = rd::kind_of(code);
  if (kind == ErrorKind::not_found || rd::needs_operator(code))
    return Result<void>(tl::unexpected(rd::error_of(
        code, message.rkt ? "topic '" + std::string(rd_kafka_topic_name(message.rkt)) + "'" : "reading a range")));
  client_->journal.warn_seldom("read", rd_kafka_message_errstr(&message), rd_kafka_err2name(code));
  return std::nullopt;
}

std::optional<Result<void>> RangeReader::idle() {
  bool is_endless = false;
  for (const auto& [partition, range] : open_) is_endless |= range.until.get() < 0;
  if (Steady::now() - told_ >= tick) {
    told_ = Steady::now();
    if (!visit_(nullptr)) return Result<void>{};
  }
  if (!is_endless && client_->pulse.since() > patience)
    return Result<void>(tl::unexpected(rd::error_of(RD_KAFKA_RESP_ERR__TRANSPORT, "reading a range")));
  return std::nullopt;
}

void RangeReader::finish(const TopicPartition& partition) {
  open_.erase(partition);
  last_ = {};
  auto list = rd::list_of({&partition, 1});
  rd_kafka_pause_partitions(client_->handle(), list.get());
}

}  // namespace

Partition partition_of(std::string_view key, int partitions) {
  return Partition{
      rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), std::max(1, partitions), nullptr, nullptr)};
}

Result<void> read(const ClusterSettings& settings, const std::map<TopicPartition, Range>& ranges,
                  const std::function<bool(const Record*)>& visit, Log log) {
  return RangeReader(ranges, visit).run(settings, std::move(log));
}

}  // namespace loom::kafka
