// Names and numbers of Kafka and the database, each a type of its own, so that an offset is never a partition.
// Values: copy freely, use from any thread. Construction is explicit and never fails.
//   TopicName topic{"device.audio.raw"};  topic.get() == "device.audio.raw"
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace loom {

template <class T, class Tag>
class Named {
 public:
  Named() = default;
  explicit Named(T value) : value_(std::move(value)) {}
  [[nodiscard]] const T& get() const { return value_; }
  friend auto operator<=>(const Named&, const Named&) = default;

 private:
  T value_{};
};

using TopicName = Named<std::string, struct TopicNameTag>;
using ConsumerGroup = Named<std::string, struct ConsumerGroupTag>;
using MessageType = Named<std::string, struct MessageTypeTag>;
using TableName = Named<std::string, struct TableNameTag>;
using Partition = Named<std::int32_t, struct PartitionTag>;
using Offset = Named<std::int64_t, struct OffsetTag>;

}  // namespace loom

template <class T, class Tag>
struct std::hash<loom::Named<T, Tag>> {
  std::size_t operator()(const loom::Named<T, Tag>& name) const { return std::hash<T>{}(name.get()); }
};
