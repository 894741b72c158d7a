// What the catalogue promises for a message: every hop from its type's topic to the tables where it ends. Pure.
//   for (auto& p : pipelines_of(catalogue, mappings)) p.type, p.hops, p.table
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/catalogue.h"
#include "model/mapping.h"

namespace loom::model {

struct Hop {
  ConsumerGroup group;
  TopicName input;
  std::optional<TopicName> output;  // none: the sink
};

/// One path from a type to one end: stored in `table`, or read by nobody any more (`table` absent).
struct Pipeline {
  MessageType type;
  TopicName entry;
  std::vector<Hop> hops;
  std::optional<TableName> table;
};

[[nodiscard]] std::vector<Pipeline> pipelines_of(const Catalogue& catalogue, const Mappings& mappings);

/// "twitter_screenshot → external.twitter.images.raw → [moondream-ocr-consumer] → … → table x"
[[nodiscard]] std::string to_string(const Pipeline& pipeline);

}  // namespace loom::model
