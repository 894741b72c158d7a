// The difference between the catalogue's topics and the cluster's. Pure: what is there in, what to do out.
//   for (auto& line : describe(plan_topics(catalogue, existing, brokers))) puts(line.c_str());
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kafka/admin.h"
#include "model/catalogue.h"

namespace loom::app {

using Settings = std::map<std::string, std::string>;

struct TopicChange {
  enum class Kind {
    create,
    set,             // settings that differ
    add_partitions,  // moves keys: only with --allow-reorder
    note,            // what can't be changed in place
  };
  Kind kind;
  TopicName topic;
  int partitions = 0, partitions_before = 0;
  int replication = 0;
  Settings settings{}, settings_before{};  // before: of those that differ, where set
  std::string note{};
};
[[nodiscard]] std::string_view name_of(TopicChange::Kind kind);

struct TopicsPlan {
  std::vector<TopicChange> changes;  // in the topics' order
};

[[nodiscard]] TopicsPlan plan_topics(const model::Catalogue& catalogue,
                                     const std::map<TopicName, kafka::TopicInfo>& existing, int brokers);
/// One line a change.
[[nodiscard]] std::string describe(const TopicChange& change);
[[nodiscard]] std::vector<std::string> describe(const TopicsPlan& plan);
[[nodiscard]] std::string to_json(const TopicChange& change);

}  // namespace loom::app
