#include "app/topics_plan.h"

#include <gtest/gtest.h>

namespace loom::app {
namespace {

using Kind = TopicChange::Kind;

const TopicName topic{"device.audio.raw"};

model::Catalogue catalogue_of(const model::TopicSpec& spec) {
  model::Catalogue catalogue;
  catalogue.topics[spec.name] = spec;
  return catalogue;
}

model::TopicSpec plain() {
  model::TopicSpec spec;
  spec.name = topic;
  return spec;
}

Settings defaults(int min_insync = 1) {
  return {{"min.insync.replicas", std::to_string(min_insync)},
          {"unclean.leader.election.enable", "false"},
          {"retention.ms", "604800000"},
          {"compression.type", "uncompressed"},
          {"max.message.bytes", "1048576"}};
}

std::map<TopicName, kafka::TopicInfo> existing(int partitions, int replication, Settings settings) {
  return {{topic, {topic, "id", partitions, replication, std::move(settings)}}};
}

TEST(PlanTopics, creates_with_replicas_by_the_number_of_brokers) {
  struct Case {
    int brokers, replication;
    std::string min_insync;
  };
  for (const auto& it : {Case{0, 1, "1"}, Case{1, 1, "1"}, Case{2, 2, "1"}, Case{3, 3, "2"}, Case{9, 3, "2"}}) {
    auto plan = plan_topics(catalogue_of(plain()), {}, it.brokers);
    ASSERT_EQ(plan.changes.size(), 1u);
    EXPECT_EQ(plan.changes[0].kind, Kind::create);
    EXPECT_EQ(plan.changes[0].partitions, 6);
    EXPECT_EQ(plan.changes[0].replication, it.replication) << it.brokers;
    EXPECT_EQ(plan.changes[0].settings, defaults(std::stoi(it.min_insync))) << it.brokers;
  }
}

TEST(PlanTopics, follows_the_catalogue) {
  auto spec = plain();
  spec.partitions = 12;
  spec.replication = 5;
  spec.min_insync = 3;
  spec.retention = config::Milliseconds{-1};
  spec.compression = "zstd";
  spec.max_message_bytes = {8u << 20};
  spec.properties = {{"cleanup.policy", "compact"}, {"retention.ms", "5"}};
  auto plan = plan_topics(catalogue_of(spec), {}, 3);
  ASSERT_EQ(plan.changes.size(), 1u);
  EXPECT_EQ(plan.changes[0].replication, 5);
  EXPECT_EQ(plan.changes[0].settings, (Settings{{"min.insync.replicas", "3"},
                                                {"unclean.leader.election.enable", "false"},
                                                {"retention.ms", "5"},
                                                {"compression.type", "zstd"},
                                                {"max.message.bytes", "8388608"},
                                                {"cleanup.policy", "compact"}}));
}

TEST(PlanTopics, has_nothing_to_do_where_all_agrees) {
  EXPECT_TRUE(plan_topics(catalogue_of(plain()), existing(6, 1, defaults()), 1).changes.empty());
  EXPECT_TRUE(plan_topics(catalogue_of(plain()), existing(6, 3, defaults(2)), 3).changes.empty());
  auto more = defaults();
  more["segment.ms"] = "1000";  // somebody else's business
  EXPECT_TRUE(plan_topics(catalogue_of(plain()), existing(6, 1, more), 1).changes.empty());
}

TEST(PlanTopics, sets_only_what_differs) {
  auto present = defaults();
  present["retention.ms"] = "1000";
  present.erase("unclean.leader.election.enable");
  auto plan = plan_topics(catalogue_of(plain()), existing(6, 1, present), 1);
  ASSERT_EQ(plan.changes.size(), 1u);
  EXPECT_EQ(plan.changes[0].kind, Kind::set);
  EXPECT_EQ(plan.changes[0].settings,
            (Settings{{"retention.ms", "604800000"}, {"unclean.leader.election.enable", "false"}}));
  EXPECT_EQ(plan.changes[0].settings_before, (Settings{{"retention.ms", "1000"}}));
  EXPECT_EQ(
      describe(plan),
      (std::vector<std::string>{
          "set topic 'device.audio.raw': retention.ms=604800000 (was 1000) unclean.leader.election.enable=false"}));
}

TEST(PlanTopics, adds_partitions_but_never_takes_any_away) {
  auto more = plan_topics(catalogue_of(plain()), existing(2, 1, defaults()), 1);
  ASSERT_EQ(more.changes.size(), 1u);
  EXPECT_EQ(more.changes[0].kind, Kind::add_partitions);
  EXPECT_EQ(more.changes[0].partitions_before, 2);
  EXPECT_EQ(more.changes[0].partitions, 6);
  auto fewer = plan_topics(catalogue_of(plain()), existing(9, 1, defaults()), 1);
  ASSERT_EQ(fewer.changes.size(), 1u);
  EXPECT_EQ(fewer.changes[0].kind, Kind::note);
  EXPECT_NE(describe(fewer)[0].find("topics.device.audio.raw.partitions to 9"), std::string::npos);
}

TEST(PlanTopics, reports_another_replication_and_takes_its_insync_minimum_from_it) {
  auto plan = plan_topics(catalogue_of(plain()), existing(6, 1, defaults(1)), 3);
  ASSERT_EQ(plan.changes.size(), 1u);  // min.insync.replicas=2 would stop a topic with one replica
  EXPECT_EQ(plan.changes[0].kind, Kind::note);
  EXPECT_NE(plan.changes[0].note.find("has 1 replicas, wanted are 3"), std::string::npos);
}

TEST(PlanTopics, is_told_as_json) {
  auto plan = plan_topics(catalogue_of(plain()), existing(2, 1, defaults()), 1);
  EXPECT_EQ(to_json(plan.changes[0]),
            R"({"topic":"device.audio.raw","change":"add_partitions","partitions":6,"partitions_before":2})");
}

}  // namespace
}  // namespace loom::app
