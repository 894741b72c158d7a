#include "kafka/admin.h"

#include <algorithm>

#include "kafka/broker_for_tests.h"

namespace loom::kafka {
namespace {

class AdminOnBroker : public OnBroker {
 protected:
  void SetUp() override {
    OnBroker::SetUp();
    if (IsSkipped()) return;
    auto admin = Admin::open(settings_, log_);
    ASSERT_TRUE(admin);
    admin_ = std::move(*admin);
  }
  std::unique_ptr<Admin> admin_;
};

TEST_F(AdminOnBroker, KnowsTheCluster) {
  auto cluster = admin_->cluster(10s);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(cluster->brokers, 1);
  EXPECT_FALSE(cluster->cluster_id.empty());
}

TEST_F(AdminOnBroker, CreatesDescribesAndChangesTopics) {
  TopicName topic{"described"};
  auto made = admin_->create({{topic, 3, 1, {{"retention.ms", "1000000"}}}}, 10s);
  ASSERT_TRUE(made) << to_string(made.error());
  auto again = admin_->create({{topic, 3, 1, {}}}, 10s);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  auto wrong = admin_->create({{TopicName{"wrong"}, 1, 1, {{"retention.ms", "often"}}}}, 10s);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::configuration);
  EXPECT_NE(wrong.error().message.find("retention.ms"), std::string::npos) << wrong.error().message;

  ASSERT_TRUE(admin_->set(topic, {{"max.message.bytes", "2000000"}}, 10s));
  ASSERT_TRUE(admin_->add_partitions(topic, 5, 10s));
  ASSERT_TRUE(eventually([&] {
    auto now = admin_->topics({topic}, 10s);
    return now && now->at(topic).partitions == 5 && now->at(topic).settings.size() == 2;
  }));
  auto topics = admin_->topics({topic, TopicName{"absent"}}, 10s);
  ASSERT_TRUE(topics) << to_string(topics.error());
  ASSERT_EQ(topics->size(), 1u);
  const auto& info = topics->at(topic);
  EXPECT_EQ(info.replication, 1);
  EXPECT_EQ(info.id.size(), 22u) << info.id;
  EXPECT_EQ(info.settings,
            (std::map<std::string, std::string>{{"retention.ms", "1000000"}, {"max.message.bytes", "2000000"}}));
  auto names = admin_->topic_names(10s);
  ASSERT_TRUE(names);
  EXPECT_NE(std::ranges::find(*names, topic), names->end());
  auto unset = admin_->set(TopicName{"absent"}, {{"retention.ms", "1"}}, 10s);
  ASSERT_FALSE(unset);
  EXPECT_EQ(unset.error().kind, ErrorKind::not_found);
}

TEST_F(AdminOnBroker, SetsAGroupsSessionTimeout) {
  auto set = admin_->set_group(ConsumerGroup{"some-group"}, {{"consumer.session.timeout.ms", "7000"}}, 10s);
  EXPECT_TRUE(set) << to_string(set.error());
  auto wrong = admin_->set_group(ConsumerGroup{"some-group"}, {{"no.such.setting", "7000"}}, 10s);
  EXPECT_FALSE(wrong);
}

TEST_F(AdminOnBroker, KnowsOffsetsAndGroups) {
  auto topic = make_topic(2);
  TopicPartition zero{topic, Partition{0}}, one{topic, Partition{1}};
  auto producer = make_producer();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(producer->send({topic, {}, "v", {}, 1000 + i * 100, Partition{0}}, {}));
  ASSERT_TRUE(producer->flush(20s));
  auto marks = admin_->watermarks({zero, one}, 10s);
  ASSERT_TRUE(marks) << to_string(marks.error());
  EXPECT_EQ(marks->at(zero).high.get(), 10);
  EXPECT_EQ(marks->at(zero).low.get(), 0);
  EXPECT_EQ(marks->at(one).high.get(), 0);
  auto at = admin_->offsets_at({zero, one}, 1450, 10s);
  ASSERT_TRUE(at) << to_string(at.error());
  EXPECT_EQ(at->at(zero).get(), 5);
  EXPECT_EQ(at->at(one).get(), 0);
  EXPECT_EQ(admin_->offsets_at({zero}, 99999, 10s)->at(zero).get(), 10) << "later than all: the end";
  EXPECT_FALSE(admin_->watermarks({{TopicName{"absent"}, Partition{0}}}, 10s));

  ConsumerGroup group{"described-group"};
  auto nothing = admin_->committed(group, 10s);
  ASSERT_TRUE(nothing) << to_string(nothing.error());
  EXPECT_TRUE(nothing->empty());
  auto consumer = join(group.get(), topic);
  ASSERT_EQ(take(*consumer, 10).size(), 10u);
  ASSERT_TRUE(consumer->commit_now({{zero, Offset{4}}}, 10s));
  auto committed = admin_->committed(group, 10s);
  ASSERT_TRUE(committed) << to_string(committed.error());
  EXPECT_EQ(*committed, (Offsets{{zero, Offset{4}}}));
  auto refused = admin_->set_committed(group, {{zero, Offset{1}}}, 10s);
  ASSERT_FALSE(refused) << "it has a member";
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict) << to_string(refused.error());
  auto groups = admin_->groups({group, ConsumerGroup{"no-such-group"}}, 10s);
  ASSERT_TRUE(groups) << to_string(groups.error());
  ASSERT_EQ(groups->size(), 1u);
  EXPECT_EQ((*groups)[0].state, "stable");
  EXPECT_EQ((*groups)[0].protocol, "consumer");
  ASSERT_EQ((*groups)[0].members.size(), 1u);
  EXPECT_EQ((*groups)[0].members[0].partitions.size(), 2u);
  EXPECT_EQ((*groups)[0].members[0].client_id, "test");
  auto all = admin_->groups({}, 10s);
  ASSERT_TRUE(all) << to_string(all.error());
  EXPECT_TRUE(std::ranges::any_of(*all, [&](const auto& each) { return each.name == group; }));
}

TEST_F(AdminOnBroker, SetsWhereAGroupReadsOn) {
  auto topic = make_topic(2);
  TopicPartition zero{topic, Partition{0}}, one{topic, Partition{1}};
  fill(topic, 10, Partition{0});
  ConsumerGroup group{"moved-group"};
  for (std::int64_t next : {7, 2}) {
    auto set = admin_->set_committed(group, {{zero, Offset{next}}}, 10s);
    ASSERT_TRUE(set) << to_string(set.error());
    EXPECT_EQ(admin_->committed(group, 10s).value(), (Offsets{{zero, Offset{next}}}));
  }
  ASSERT_TRUE(admin_->set_committed(group, {{one, Offset{0}}}, 10s));
  EXPECT_EQ(admin_->committed(group, 10s).value(), (Offsets{{zero, Offset{2}}, {one, Offset{0}}}));
  auto consumer = join(group.get(), topic);
  EXPECT_EQ(take(*consumer, 8).front().offset(), Offset{2});
}

TEST_F(AdminOnBroker, SaysUnavailableWithoutABroker) {
  ClusterSettings nowhere;
  nowhere.bootstrap = "127.0.0.1:1";
  auto admin = Admin::open(nowhere, log_);
  ASSERT_TRUE(admin);
  EXPECT_EQ((*admin)->cluster(200ms).error().kind, ErrorKind::unavailable);
  EXPECT_EQ((*admin)->topic_names(200ms).error().kind, ErrorKind::unavailable);
  EXPECT_EQ((*admin)->topics({TopicName{"t"}}, 200ms).error().kind, ErrorKind::unavailable);
}

TEST(Admin, AsksNoMoreWhenToldToStop) {
  ClusterSettings nowhere;
  nowhere.bootstrap = "127.0.0.1:1";
  std::atomic<bool> stop{true};
  auto admin = Admin::open(nowhere, Log::silent(), &stop);
  ASSERT_TRUE(admin);
  EXPECT_FALSE((*admin)->committed(ConsumerGroup{"g"}, 1h));
  EXPECT_FALSE((*admin)->topics({TopicName{"t"}}, 1h));
}

TEST_F(AdminOnBroker, ReadsRanges) {
  auto topic = make_topic(2);
  TopicPartition zero{topic, Partition{0}}, one{topic, Partition{1}};
  fill(topic, 100, Partition{0});
  fill(topic, 50, Partition{1});
  std::map<TopicPartition, std::vector<std::int64_t>> seen;
  auto note = [&](const Record* record) {
    if (record) seen[record->topic_partition()].push_back(record->offset().get());
    return true;
  };
  auto done = read(settings_, {{zero, {Offset{10}, Offset{20}}}, {one, {Offset{0}, Offset{50}}}}, note, log_);
  ASSERT_TRUE(done) << to_string(done.error());
  ASSERT_EQ(seen[zero].size(), 10u);
  EXPECT_EQ(seen[zero].front(), 10);
  EXPECT_EQ(seen[one].size(), 50u);
  seen.clear();
  ASSERT_TRUE(read(settings_, {{zero, {Offset{100}, Offset{100}}}}, note, log_)) << "an empty range";
  ASSERT_TRUE(read(settings_, {{zero, {Offset{98}, Offset{105}}}}, note, log_)) << "past the end";
  EXPECT_EQ(seen[zero].size(), 2u);
  int count = 0;
  ASSERT_TRUE(read(
      settings_, {{zero, {Offset{0}, Offset{100}}}}, [&](const Record*) { return ++count < 7; }, log_));
  EXPECT_EQ(count, 7);
  auto missing = read(settings_, {{{TopicName{"absent"}, Partition{0}}, {Offset{0}, Offset{5}}}}, note, log_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
}

TEST_F(AdminOnBroker, FollowsUntilTold) {
  auto topic = make_topic(1);
  fill(topic, 3);
  int records = 0, ticks = 0;
  auto follow = [&](const Record* record) {
    record ? ++records : ++ticks;
    if (!record && ticks == 1) fill(topic, 2);
    return records < 5;
  };
  ASSERT_TRUE(read(settings_, {{{topic, Partition{0}}, {Offset{0}}}}, follow, log_));
  EXPECT_EQ(records, 5);
  EXPECT_GE(ticks, 1);
}

}  // namespace
}  // namespace loom::kafka
