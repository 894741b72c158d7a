#include "kafka/producer_session.h"

#include <array>
#include <mutex>
#include <utility>

namespace loom::kafka {
namespace {

/// The arguments of one produce call.
class Arguments {
 public:
  rd_kafka_vu_t& add(rd_kafka_vtype_t type) {
    auto& it = values_[count_++];
    it.vtype = type;
    return it;
  }
  [[nodiscard]] const rd_kafka_vu_t* data() const { return values_.data(); }
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  std::array<rd_kafka_vu_t, 8> values_;
  std::size_t count_ = 0;
};

using HeaderList = rd::Owned<rd_kafka_headers_t, rd_kafka_headers_destroy>;

HeaderList headers_of(const OutRecord& record) {
  if (record.headers.empty()) return nullptr;
  HeaderList list(rd_kafka_headers_new(record.headers.size()));
  for (const auto& [name, value] : record.headers)
    rd_kafka_header_add(list.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  return list;
}

// librdkafka takes a pointer that is not const and, without a copy flag, leaves what it points to alone.
void add_bytes(rd_kafka_vu_t& to, const std::string& bytes) {
  to.u.mem.ptr = const_cast<char*>(bytes.data());
  to.u.mem.size = bytes.size();
}

constexpr std::size_t copied_up_to = 4096;

}  // namespace

std::unique_ptr<OutRecord> record_of(const rd_kafka_message_t& report) {
  auto view = rd::record_of(const_cast<rd_kafka_message_t*>(&report), nullptr);
  auto record = std::make_unique<OutRecord>();
  record->topic = TopicName{std::string(view.topic())};
  if (view.key()) record->key = std::string(*view.key());
  record->value = view.value();
  record->headers = view.headers();
  record->timestamp_ms = view.timestamp_ms();
  return record;
}

Session::Session(rd::Client client) : client_(std::move(client)), main_(rd_kafka_queue_get_main(client_.get())) {}

rd_kafka_resp_err_t Session::produce(OutRecord& record, InFlight& message) {
  auto* rkt = topic(record.topic);
  if (!rkt) return rd_kafka_last_error();
  bool is_copied = record.value.size() <= copied_up_to;
  auto kept = is_copied ? nullptr : std::make_unique<OutRecord>(std::move(record));
  auto& it = kept ? *kept : record;
  Arguments arguments;
  arguments.add(RD_KAFKA_VTYPE_RKT).u.rkt = rkt;
  if (it.partition) arguments.add(RD_KAFKA_VTYPE_PARTITION).u.i32 = it.partition->get();
  if (it.key) add_bytes(arguments.add(RD_KAFKA_VTYPE_KEY), *it.key);
  add_bytes(arguments.add(RD_KAFKA_VTYPE_VALUE), it.value);
  if (it.timestamp_ms) arguments.add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = it.timestamp_ms;
  if (is_copied) arguments.add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  auto headers = headers_of(it);
  if (headers) arguments.add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();
  arguments.add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = &message;
  message.partition = it.partition;
  message.record = std::move(kept);  // before: the report may come while we are still here
  if (rd::Failure failure{rd_kafka_produceva(client_.get(), arguments.data(), arguments.size())}) {
    if (message.record) record = std::move(*std::exchange(message.record, nullptr));
    return rd_kafka_error_code(failure.get());
  }
  headers.release();  // the message's now
  if (is_copied) OutRecord given_up(std::move(record));
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Session::wake(int eventfd) {
  static constexpr std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(main_.get(), eventfd, &one, sizeof one);
}

rd_kafka_topic_t* Session::topic(const TopicName& name) {
  {
    std::shared_lock lock(mutex_);
    if (auto it = topics_.find(name.get()); it != topics_.end()) return it->second.get();
  }
  std::unique_lock lock(mutex_);
  auto [it, is_new] = topics_.try_emplace(name.get());
  if (is_new) it->second.reset(rd_kafka_topic_new(client_.get(), name.get().c_str(), nullptr));
  auto* rkt = it->second.get();
  if (!rkt) topics_.erase(it);
  return rkt;
}

}  // namespace loom::kafka
