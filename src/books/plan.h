// What the books have to account for, as numbers: every topic that takes part, every group, every hop (a group and the
// topic it reads) and the pipelines made of hops. Pure; read-only once made.
//   auto plan = plan_of(catalogue, mappings, lookbacks);   plan.hops[plan.pipelines[0].hops[0]].input
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/pipelines.h"

namespace loom::books {

using TopicIndex = std::uint16_t;
using GroupIndex = std::uint16_t;
inline constexpr std::uint16_t nobody = 0xffff;

struct Hop {
  GroupIndex group = nobody;
  TopicIndex input = nobody;
  TopicIndex output = nobody;  // nobody: the sink, or a stage that emits nothing
  TopicIndex dead_letters = nobody, drops = nobody;
  bool is_sink = false;
  std::chrono::milliseconds lookback{0};  // of a stage that joins: no memory reaches back further
};

/// The path of one or more types: they share topic and hops.
struct Path {
  std::vector<MessageType> types;
  TopicIndex entry = nobody;
  std::vector<std::size_t> hops;
  std::optional<TableName> table;
};

struct Plan {
  std::vector<TopicName> topics;
  std::vector<ConsumerGroup> groups;
  std::vector<Hop> hops;
  std::vector<Path> paths;

  [[nodiscard]] TopicIndex topic(std::string_view name) const;  // nobody: takes no part
  [[nodiscard]] GroupIndex group(std::string_view name) const;
  [[nodiscard]] std::string text_of(const Hop& hop) const;    // "group ← topic"
  [[nodiscard]] std::string text_of(const Path& path) const;  // "type, type → topic → [group] → … → table x"

 private:
  friend Plan plan_of(const model::Catalogue&, const model::Mappings&,
                      const std::map<ConsumerGroup, std::chrono::milliseconds>&);
  std::map<std::string, TopicIndex, std::less<>> topic_numbers_;
  std::map<std::string, GroupIndex, std::less<>> group_numbers_;
};

/// `lookbacks`: of the stages that join messages.
[[nodiscard]] Plan plan_of(const model::Catalogue& catalogue, const model::Mappings& mappings,
                           const std::map<ConsumerGroup, std::chrono::milliseconds>& lookbacks);

}  // namespace loom::books
