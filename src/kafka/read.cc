#include <algorithm>
#include <array>
#include <thread>

#include "kafka/consumer_client.h"
#include "kafka/reader.h"

namespace loom::kafka {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto tick = 1s;
constexpr auto propagation = 2s;  // a topic made just now
constexpr auto patience = 30s;    // without any answer of a broker, for a range that has an end

/// What outlives one reading.
struct Place {
  std::map<TopicName, int> known;      // topics, with their number of partitions
  std::vector<TopicPartition> paused;  // a partition that is assigned again is still paused
};

class RangeReader {
 public:
  RangeReader(ConsumerClient& client, Place& place, const std::map<TopicPartition, Range>& ranges,
              const std::function<bool(const Record*)>& visit)
      : client_(client), place_(place), visit_(visit) {
    for (const auto& [partition, range] : ranges)
      if (range.until.get() < 0 || range.from < range.until) open_.emplace(partition, range);
  }

  Result<void> run();

 private:
  [[nodiscard]] Result<void> check_partitions();
  [[nodiscard]] Result<void> ask_topics();
  [[nodiscard]] Result<void> assign();
  [[nodiscard]] Result<void> follow();
  /// nullopt: go on; otherwise the end, good or bad.
  std::optional<Result<void>> take(rd_kafka_message_t* raw);
  std::optional<Result<void>> failed(const rd_kafka_message_t& message);
  std::optional<Result<void>> idle();
  void finish(const TopicPartition& partition);
  /// The open range of this record, quick for runs of one partition; nullptr: none.
  Range* range_of(const rd_kafka_message_t& message, const Record& record);
  std::optional<Result<void>> take_batch(rd_kafka_message_t* first);

  ConsumerClient& client_;
  Place& place_;
  const std::function<bool(const Record*)>& visit_;
  std::map<TopicPartition, Range> open_;
  std::optional<Error> last_error_;
  bool is_asked_ = false;
  Steady::time_point told_ = Steady::now();
  std::array<rd_kafka_message_t*, 1000> batch_{};
  struct {
    const rd_kafka_topic_t* topic = nullptr;
    std::int32_t partition = -1;
    Range* range = nullptr;
  } last_;
};

/// Of all topics in one request: those that the client has a handle of.
Result<void> RangeReader::ask_topics() {
  std::map<TopicName, rd::Topic> handles;
  for (const auto& [partition, range] : open_)
    if (auto& handle = handles[partition.topic]; !handle)
      handle.reset(rd_kafka_topic_new(client_.handle(), partition.topic.get().c_str(), nullptr));
  const struct rd_kafka_metadata* raw = nullptr;
  if (auto code = rd_kafka_metadata(client_.handle(), 0, nullptr, &raw, rd::ms_of(patience)))
    return tl::unexpected(rd::error_of(code, "topic '" + open_.begin()->first.topic.get() + "'"));
  for (int i = 0; i < raw->topic_cnt; ++i)
    if (const auto& topic = raw->topics[i]; !topic.err)
      place_.known[TopicName{topic.topic}] = topic.partition_cnt;
    else if (rd::kind_of(topic.err) != ErrorKind::not_found && handles.contains(TopicName{topic.topic}))
      last_error_ = rd::error_of(topic.err, "topic '" + std::string(topic.topic) + "'");
  rd_kafka_metadata_destroy(raw);
  return {};
}

/// An assigned partition of a topic that is not there stays silent for ever: better asked before.
Result<void> RangeReader::check_partitions() {
  for (auto end = Steady::now() + propagation;;) {
    auto missing = std::find_if(open_.begin(), open_.end(), [&](const auto& one) {
      auto found = place_.known.find(one.first.topic);
      return found == place_.known.end() || one.first.partition.get() >= found->second;
    });
    if (missing == open_.end()) return {};
    bool is_late = Steady::now() > end;
    if (is_late && last_error_) return tl::unexpected(*last_error_);
    if (is_late) {
      const auto& [topic, partition] = missing->first;
      auto code = place_.known.contains(topic) ? RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
      return tl::unexpected(rd::error_of(code, "partition " + topic.get() + "/" + std::to_string(partition.get())));
    }
    if (is_asked_) std::this_thread::sleep_for(50ms);
    is_asked_ = true;
    if (auto asked = ask_topics(); !asked) return asked;
  }
}

Result<void> RangeReader::assign() {
  auto paused = rd::list_of(place_.paused);
  rd_kafka_resume_partitions(client_.handle(), paused.get());
  place_.paused.clear();
  rd::Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(open_.size())));
  for (const auto& [partition, range] : open_) rd::add(list.get(), partition, range.from.get());
  if (auto code = rd_kafka_assign(client_.handle(), list.get()))
    return tl::unexpected(rd::error_of(code, "reading a range"));
  return {};
}

Result<void> RangeReader::run() {
  if (open_.empty()) return {};
  if (auto known = check_partitions(); !known) return known;
  if (auto assigned = assign(); !assigned) return assigned;
  auto done = follow();
  rd_kafka_assign(client_.handle(), nullptr);  // nothing more is fetched for it
  return done;
}

Result<void> RangeReader::follow() {
  while (!open_.empty()) {
    auto* message = rd_kafka_consumer_poll(client_.handle(), 100);
    auto end = message ? take_batch(message) : idle();
    if (end) return *end;
  }
  return {};
}

/// What else lies ready comes with the first one.
std::optional<Result<void>> RangeReader::take_batch(rd_kafka_message_t* first) {
  batch_[0] = first;
  auto more = rd_kafka_consume_batch_queue(client_.queue(), 0, batch_.data() + 1, batch_.size() - 1);
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
  auto record = client_.record_of(raw);
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
  client_.journal.warn_seldom("read", rd_kafka_message_errstr(&message), rd_kafka_err2name(code));
  return std::nullopt;
}

std::optional<Result<void>> RangeReader::idle() {
  bool is_endless = false;
  for (const auto& [partition, range] : open_) is_endless |= range.until.get() < 0;
  if (Steady::now() - told_ >= tick) {
    told_ = Steady::now();
    if (!visit_(nullptr)) return Result<void>{};
  }
  if (!is_endless && client_.pulse.since() > patience)
    return Result<void>(tl::unexpected(rd::error_of(RD_KAFKA_RESP_ERR__TRANSPORT, "reading a range")));
  return std::nullopt;
}

void RangeReader::finish(const TopicPartition& partition) {
  open_.erase(partition);
  last_ = {};
  auto list = rd::list_of({&partition, 1});
  rd_kafka_pause_partitions(client_.handle(), list.get());
  place_.paused.push_back(partition);
}

}  // namespace

Partition partition_of(std::string_view key, int partitions) {
  return Partition{
      rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), std::max(1, partitions), nullptr, nullptr)};
}

struct Reader::State {
  ConsumerClient::Ref client;
  Place place;
};

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const ClusterSettings& settings, Log log) {
  auto own = settings;
  own.properties.insert_or_assign("enable.partition.eof", "true");
  auto client = ConsumerClient::open(own, ConsumerGroup{"loom-read"}, Protocol::classic, std::move(log));
  if (!client) return tl::unexpected(client.error());
  auto state = std::make_unique<State>();
  state->client = std::move(*client);
  return Reader(std::move(state));
}

Result<void> Reader::read(const std::map<TopicPartition, Range>& ranges,
                          const std::function<bool(const Record*)>& visit) {
  return RangeReader(*state_->client, state_->place, ranges, visit).run();
}

Result<void> read(const ClusterSettings& settings, const std::map<TopicPartition, Range>& ranges,
                  const std::function<bool(const Record*)>& visit, Log log) {
  if (ranges.empty()) return {};
  auto reader = Reader::open(settings, std::move(log));
  return reader ? reader->read(ranges, visit) : tl::unexpected(reader.error());
}

}  // namespace loom::kafka
