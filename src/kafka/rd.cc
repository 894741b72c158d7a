#include "kafka/rd.h"

#include <array>

namespace loom::kafka::rd {
namespace {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

constexpr std::int16_t init_producer_id = 22;  // the protocol's number of the request

rd_kafka_resp_err_t on_response(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api, std::int16_t,
                                std::int32_t, std::size_t, std::int64_t, rd_kafka_resp_err_t err, void* opaque) {
  auto& owner = *static_cast<Owner*>(opaque);
  if (err) return RD_KAFKA_RESP_ERR_NO_ERROR;
  owner.pulse.beat();
  if (api == init_producer_id) owner.pulse.has_producer_id.store(true, std::memory_order_release);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t*, void* opaque, char*, std::size_t) {
  return rd_kafka_interceptor_add_on_response_received(client, "pulse", on_response, opaque);
}

void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  auto* owner = client ? static_cast<Owner*>(rd_kafka_opaque(client)) : nullptr;
  if (!owner) return;
  // Said when the id was refused; it will be asked for again.
  if (std::string_view(facility) == "GETPID") owner->pulse.has_producer_id.store(false, std::memory_order_release);
  owner->journal.write(level, facility, text);
}

const rd_kafka_message_t& message_of(const void* owner) { return *static_cast<const rd_kafka_message_t*>(owner); }

model::Headers headers_of(const void* owner) {
  model::Headers all;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message_of(owner), &headers)) return all;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); ++i)
    all.emplace_back(name, value ? std::string(static_cast<const char*>(value), size) : std::string());
  return all;
}

std::optional<std::string_view> header_of(const void* owner, std::string_view name) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message_of(owner), &headers)) return std::nullopt;
  const char* found = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  std::optional<std::string_view> last;
  for (std::size_t i = 0; !rd_kafka_header_get_all(headers, i, &found, &value, &size); ++i)
    if (name == found) last = value ? std::string_view(static_cast<const char*>(value), size) : std::string_view("");
  return last;
}

}  // namespace

Pulse::Pulse() : last_ns_(now_ns()) {}
void Pulse::beat() { last_ns_.store(now_ns(), std::memory_order_relaxed); }
Milliseconds Pulse::since() const {
  return Milliseconds((now_ns() - last_ns_.load(std::memory_order_relaxed)) / 1'000'000);
}

void Journal::write(int syslog_level, std::string_view facility, std::string_view text) {
  Log::Fields fields{{"facility", facility}, {"text", text}};
  if (syslog_level <= 2) return log_.error("librdkafka", fields);
  // What a connection says of itself (FAIL) comes by the error callback too.
  if (syslog_level <= 4 && facility != "FAIL") return warn_seldom("librdkafka " + std::string(facility), text, facility);
  log_.debug("librdkafka", fields);
}

void Journal::warn_seldom(const std::string& about, std::string_view text, std::string_view code) {
  if (code == "_ALL_BROKERS_DOWN") return;  // the _TRANSPORT before it names the broker
  auto now = std::chrono::steady_clock::now();
  if (busy_.test_and_set(std::memory_order_acquire)) return;  // another thread warns already
  auto [it, is_new] = last_.try_emplace(about, now);
  bool is_due = is_new || now - it->second >= std::chrono::minutes(1);
  if (is_due) it->second = now;
  busy_.clear(std::memory_order_release);
  if (is_due) log_.warn(text, {{"about", about}, {"code", code}});
}

Partitions list_of(std::span<const model::TopicPartition> partitions) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& partition : partitions) add(list.get(), partition);
  return list;
}

rd_kafka_topic_partition_t* add(rd_kafka_topic_partition_list_t* list, const model::TopicPartition& partition,
                                std::int64_t offset) {
  auto* element = rd_kafka_topic_partition_list_add(list, partition.topic.get().c_str(), partition.partition.get());
  element->offset = offset;
  return element;
}

model::TopicPartition name_of(const rd_kafka_topic_partition_t& element) {
  return {TopicName{element.topic}, Partition{element.partition}};
}

Conf::Conf(const model::ClusterSettings& settings, Owner& owner)
    : conf_(rd_kafka_conf_new()), properties_(settings.properties) {
  rd_kafka_conf_set_opaque(conf_.get(), &owner);
  rd_kafka_conf_set_log_cb(conf_.get(), on_log);
  rd_kafka_conf_interceptor_add_on_new(conf_.get(), "pulse", on_new, &owner);
  set("bootstrap.servers", settings.bootstrap);
  set("client.id", settings.client_id);
  set("socket.nagle.disable", "true");
  set("socket.keepalive.enable", "true");
  set("reconnect.backoff.ms", 50);
  set("reconnect.backoff.max.ms", 1000);
  // A peer that is silent, not gone (paused, or the network swallows it), is given up after this; a minute is the default.
  set("socket.timeout.ms", 10'000).set("socket.connection.setup.timeout.ms", 10'000);
  set("log.connection.close", "false");
  set("enable.metrics.push", "false");
  set("allow.auto.create.topics", "false");
}

Conf& Conf::set(const char* name, const std::string& value) {
  std::array<char, 256> why{};
  if (rd_kafka_conf_set(conf_.get(), name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
    faults_ += (faults_.empty() ? "" : "; ") + std::string(name) + ": " + why.data();
  return *this;
}

Result<Client> Conf::make(rd_kafka_type_t type) {
  for (const auto& [name, value] : properties_) set(name.c_str(), value);
  const char* remedy = "correct kafka.properties: the names and values are librdkafka's";
  if (!faults_.empty())
    return fail(ErrorKind::configuration, "librdkafka refuses " + faults_,
                {.field = "kafka.properties", .remedy = remedy});
  std::array<char, 512> why{};
  Client client(rd_kafka_new(type, conf_.get(), why.data(), why.size()));
  if (!client)
    return fail(ErrorKind::configuration, std::string("librdkafka refuses its configuration: ") + why.data(),
                {.field = "kafka.properties", .remedy = remedy});
  conf_.release();  // the client's now
  return client;
}

model::Record record_of(rd_kafka_message_t* message, void (*release)(void*)) {
  model::Record::Foreign it;
  it.owner = message;
  it.release = release;
  it.headers = headers_of;
  it.header = header_of;
  it.topic = rd_kafka_topic_name(message->rkt);
  it.partition = message->partition;
  it.offset = message->offset;
  rd_kafka_timestamp_type_t type{};
  it.timestamp_ms = rd_kafka_message_timestamp(message, &type);
  if (message->key) it.key = std::string_view(static_cast<const char*>(message->key), message->key_len);
  it.value = message->payload ? std::string_view(static_cast<const char*>(message->payload), message->len)
                              : std::string_view("");
  return model::Record(it);
}

}  // namespace loom::kafka::rd
