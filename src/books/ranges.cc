#include "books/ranges.h"

namespace loom::books {
namespace {

using namespace std::chrono_literals;

constexpr auto wait = 10s;

}  // namespace

Result<std::vector<model::TopicPartition>> partitions_of(kafka::Admin& admin, const std::vector<TopicName>& topics) {
  auto infos = admin.topics(topics, wait);
  if (!infos) return tl::unexpected<Error>(infos.error());
  std::vector<model::TopicPartition> partitions;
  for (const auto& [name, info] : *infos)
    for (int partition = 0; partition < info.partitions; ++partition)
      partitions.push_back({name, Partition{partition}});
  return partitions;
}

Result<Ranges> ranges_of(kafka::Admin& admin, const std::vector<TopicName>& topics) {
  auto partitions = partitions_of(admin, topics);
  if (!partitions) return tl::unexpected<Error>(partitions.error());
  if (partitions->empty()) return Ranges{};
  auto marks = admin.watermarks(*partitions, wait);
  if (!marks) return tl::unexpected<Error>(marks.error());
  Ranges ranges;
  for (const auto& [partition, mark] : *marks)
    if (mark.low < mark.high) ranges[partition] = {mark.low, mark.high};
  return ranges;
}

}  // namespace loom::books
