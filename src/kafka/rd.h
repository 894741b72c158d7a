// librdkafka behind RAII, for this folder only (nothing else includes rdkafka.h): owners, configuration, errors as
// data, and the pulse that says when a broker last answered.
// Threads: a Pulse and a Journal are written by librdkafka's threads; everything else is the caller's.
// Errors: `kind_of` is one table; unknown codes are `internal`.
//   auto conf = Conf::of(settings); conf.set("linger.ms", "5"); auto client = conf.make(RD_KAFKA_PRODUCER);
#pragma once

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "loom/error.h"
#include "model/cluster_settings.h"
#include "model/record.h"

namespace loom::kafka::rd {

template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* it) const {
    Destroy(it);
  }
};
template <class T, auto Destroy>
using Owned = std::unique_ptr<T, Destroyer<Destroy>>;

using Client = Owned<rd_kafka_t, rd_kafka_destroy>;
inline void destroy_at_once(rd_kafka_t* client) {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
using GroupClient = Owned<rd_kafka_t, destroy_at_once>;  // a consumer: whoever wants to leave its group does so before
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Topic = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using Failure = Owned<rd_kafka_error_t, rd_kafka_error_destroy>;
using Message = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using Partitions = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

using Milliseconds = std::chrono::milliseconds;
[[nodiscard]] inline int ms_of(Milliseconds wait) {
  return static_cast<int>(std::min<std::int64_t>(wait.count(), 1 << 30));
}

// --- errors ---
[[nodiscard]] ErrorKind kind_of(rd_kafka_resp_err_t code);
/// "what: librdkafka's words for the code", with the code's name and the remedy of its kind.
[[nodiscard]] Error error_of(rd_kafka_resp_err_t code, std::string_view what);
/// An operator must mend it (authorization, authentication, configuration): waiting does not help.
[[nodiscard]] bool needs_operator(rd_kafka_resp_err_t code);

// --- lists of partitions ---
[[nodiscard]] Partitions list_of(std::span<const model::TopicPartition> partitions);
rd_kafka_topic_partition_t* add(rd_kafka_topic_partition_list_t* list, const model::TopicPartition& partition,
                                std::int64_t offset = RD_KAFKA_OFFSET_INVALID);
[[nodiscard]] model::TopicPartition name_of(const rd_kafka_topic_partition_t& element);

// --- what every client tells, whatever it is for ---
/// When a broker last answered anything, and whether the idempotent producer has its id.
class Pulse {
 public:
  Pulse();
  void beat();
  [[nodiscard]] Milliseconds since() const;
  std::atomic<bool> has_producer_id{false};

 private:
  std::atomic<std::int64_t> last_ns_;
};

/// librdkafka's own lines in our log, and a brake for those that come again and again.
class Journal {
 public:
  explicit Journal(Log log) : log_(std::move(log)) {}
  void write(int syslog_level, std::string_view facility, std::string_view text);
  /// At most one warning a minute per `about`.
  void warn_seldom(const std::string& about, std::string_view text, std::string_view code);
  [[nodiscard]] const Log& log() const { return log_; }

 private:
  Log log_;
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  std::map<std::string, std::chrono::steady_clock::time_point> last_;
};

/// What a client's callbacks are given as opaque; outlives the client.
struct Owner {
  explicit Owner(Log log) : journal(std::move(log)) {}
  virtual ~Owner() = default;
  Pulse pulse;
  Journal journal;
};

class Conf {
 public:
  /// bootstrap, client id, nagle off, quick reconnects, log and pulse wired to `owner`. The settings' own properties
  /// are set by `make`, at last, so that they win.
  Conf(const model::ClusterSettings& settings, Owner& owner);
  Conf& set(const char* name, const std::string& value);
  Conf& set(const char* name, std::int64_t value) { return set(name, std::to_string(value)); }
  rd_kafka_conf_t* get() { return conf_.get(); }
  /// Errors: configuration, naming every property that librdkafka refused.
  Result<Client> make(rd_kafka_type_t type);

 private:
  Owned<rd_kafka_conf_t, rd_kafka_conf_destroy> conf_;
  std::map<std::string, std::string> properties_;
  std::string faults_;
};

/// A record around librdkafka's message; `release` frees it.
[[nodiscard]] model::Record record_of(rd_kafka_message_t* message, void (*release)(void*));

}  // namespace loom::kafka::rd
