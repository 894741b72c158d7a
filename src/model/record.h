// One record of a topic, as consumed or as to be produced. Kafka's words, each a type (loom/named.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loom/named.h"

namespace loom::model {

struct TopicPartition {
  TopicName topic;
  Partition partition;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A consumed record. Move-only; it owns its bytes (librdkafka's message, or a buffer made by `of`), and
/// every view dies with it. Threads: one at a time.
class Record {
 public:
  struct Parts {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::optional<std::string> key;
    std::string value;
    Headers headers;
  };
  static Record of(Parts parts);  // for tests and tools

  /// A record whose bytes somebody else allocated (librdkafka): `release(owner)` is called once, at the end;
  /// `headers(owner)` reads them when they are asked for, and never before.
  struct Foreign {
    void* owner = nullptr;
    void (*release)(void*) = nullptr;
    Headers (*headers)(const void*) = nullptr;
    std::optional<std::string_view> (*header)(const void*, std::string_view name) = nullptr;
    std::string_view topic;  // as long as the owner
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::optional<std::string_view> key;
    std::string_view value;
  };
  explicit Record(Foreign foreign) : it_(foreign) {}

  Record(Record&& other) noexcept : it_(std::exchange(other.it_, Foreign{})) {}
  Record& operator=(Record&& other) noexcept {
    std::swap(it_, other.it_);
    return *this;
  }
  ~Record() {
    if (it_.release) it_.release(it_.owner);
  }

  [[nodiscard]] std::string_view topic() const { return it_.topic; }
  [[nodiscard]] Partition partition() const { return Partition{it_.partition}; }
  [[nodiscard]] Offset offset() const { return Offset{it_.offset}; }
  [[nodiscard]] TopicPartition topic_partition() const { return {TopicName{std::string(it_.topic)}, partition()}; }
  [[nodiscard]] std::int64_t timestamp_ms() const { return it_.timestamp_ms; }
  [[nodiscard]] std::optional<std::string_view> key() const { return it_.key; }
  [[nodiscard]] std::string_view value() const { return it_.value; }                   // a tombstone reads as ""
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {  // the last of that name
    return it_.header ? it_.header(it_.owner, name) : std::nullopt;
  }
  [[nodiscard]] Headers headers() const { return it_.headers ? it_.headers(it_.owner) : Headers{}; }
  [[nodiscard]] std::size_t bytes() const { return it_.value.size() + (it_.key ? it_.key->size() : 0) + 128; }

 private:
  Foreign it_;
};

/// A record to produce. The partition follows from the key (murmur2, as Java's and Python's clients do).
struct OutRecord {
  TopicName topic;
  std::optional<std::string> key;
  std::string value;
  Headers headers;
  std::int64_t timestamp_ms = 0;       // 0: now
  std::optional<Partition> partition;  // only where a tool must hit one
  /// For budgets: with what this value, librdkafka and the headers' copies take beside the bytes.
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = value.size() + (key ? key->size() : 0) + 512;
    for (const auto& [name, text] : headers) sum += name.size() + text.size() + 192;
    return sum;
  }
};

}  // namespace loom::model

template <>
struct std::hash<loom::model::TopicPartition> {
  std::size_t operator()(const loom::model::TopicPartition& tp) const {
    return std::hash<loom::TopicName>{}(tp.topic) * 31 + static_cast<std::size_t>(tp.partition.get());
  }
};
