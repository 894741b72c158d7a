// What lies in topics now, as ranges to read. Topics that the cluster does not have are left out.
// Threads: any. Errors: unavailable.
//   auto ranges = ranges_of(*admin, {topic});  kafka::read(settings, *ranges, visit, log);
#pragma once

#include <map>
#include <vector>

#include "kafka/admin.h"

namespace loom::books {

using Ranges = std::map<model::TopicPartition, kafka::Range>;

[[nodiscard]] Result<std::vector<model::TopicPartition>> partitions_of(kafka::Admin& admin,
                                                                       const std::vector<TopicName>& topics);
/// Of those that are not empty, from the first record to the end that there is now.
[[nodiscard]] Result<Ranges> ranges_of(kafka::Admin& admin, const std::vector<TopicName>& topics);

}  // namespace loom::books
