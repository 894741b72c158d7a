#include "kafka/admin.h"

#include <algorithm>
#include <array>
#include <thread>

#include "kafka/rd.h"

namespace loom::kafka {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
using Wait = std::chrono::milliseconds;

using Options = rd::Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using Resource = rd::Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
using TopicPlan = rd::Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using PartitionsPlan = rd::Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using GroupOffsets = rd::Owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;
using TopicNames = rd::Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;
using TextArray = std::array<char, 256>;

template <class T>
std::vector<const char*> texts_of(const std::vector<T>& names) {
  std::vector<const char*> texts;
  for (const auto& name : names) texts.push_back(name.get().c_str());
  return texts;
}

std::string of_topic(const TopicName& topic) { return "topic '" + topic.get() + "'"; }
std::string of_group(const ConsumerGroup& group) { return "consumer group '" + group.get() + "'"; }

/// With the broker's own words where it sent some: they say which setting is wrong.
Error told(rd_kafka_resp_err_t code, const std::string& what, const char* words) {
  auto error = rd::error_of(code, what);
  if (words && *words) error.message = what + ": " + words;
  return error;
}

/// Coordinators need a moment after a start or a move: asked again while there is time.
template <class Ask>
auto patiently(Wait wait, Ask ask) -> decltype(ask(wait)) {
  auto end = Steady::now() + wait;
  while (true) {
    auto left = std::max(Wait(1), std::chrono::duration_cast<Wait>(end - Steady::now()));
    auto answer = ask(left);
    if (answer || answer.error().kind != ErrorKind::unavailable || Steady::now() + 50ms >= end) return answer;
    std::this_thread::sleep_for(50ms);
  }
}

class LiveAdmin final : public Admin, rd::Owner {
 public:
  explicit LiveAdmin(Log log) : rd::Owner(std::move(log)) {}
  Result<void> start(const ClusterSettings& settings);

  Result<ClusterInfo> cluster(Wait wait) override;
  Result<std::vector<TopicName>> topic_names(Wait wait) override;
  Result<std::map<TopicName, TopicInfo>> topics(const std::vector<TopicName>& names, Wait wait) override;
  Result<void> create(const std::vector<NewTopic>& topics, Wait wait) override;
  Result<void> set(const TopicName& topic, const std::map<std::string, std::string>& settings, Wait wait) override;
  Result<void> add_partitions(const TopicName& topic, int total, Wait wait) override;
  Result<void> set_group(const ConsumerGroup& group, const std::map<std::string, std::string>& settings, Wait wait) override;
  Result<Offsets> committed(const ConsumerGroup& group, Wait wait) override;
  Result<std::map<TopicPartition, Watermarks>> watermarks(const std::vector<TopicPartition>& partitions, Wait wait) override;
  Result<Offsets> offsets_at(const std::vector<TopicPartition>& partitions, std::int64_t timestamp_ms, Wait wait) override;
  Result<std::vector<GroupInfo>> groups(const std::vector<ConsumerGroup>& names, Wait wait) override;

 private:
  /// Runs one request: `ask` starts it on the queue it is given, the answer is the event.
  template <class Ask>
  Result<rd::Event> ask(const std::string& what, Wait wait, Ask ask);
  Result<void> describe_settings(std::map<TopicName, TopicInfo>& topics, Wait wait);
  Result<void> alter(Resource resource, const std::string& what, const std::map<std::string, std::string>& settings, Wait wait);
  Result<Offsets> offsets(const std::vector<TopicPartition>& partitions, std::int64_t spec, Wait wait);
  Result<Offsets> ask_offsets(const std::vector<TopicPartition>& partitions, std::int64_t spec, Wait wait);
  Result<std::vector<ConsumerGroup>> group_names(Wait wait);
  Result<Offsets> ask_committed(const ConsumerGroup& group, Wait wait);
  Result<std::vector<GroupInfo>> ask_groups(const std::vector<ConsumerGroup>& wanted, Wait wait);

  std::string bootstrap_;
  rd::GroupClient client_;
};

Result<void> LiveAdmin::start(const ClusterSettings& settings) {
  bootstrap_ = settings.bootstrap;
  rd::Conf conf(settings, *this);
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
    const char* name = rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code));
    static_cast<rd::Owner*>(opaque)->journal.warn_seldom(std::string("admin ") + name, reason, name);
  });
  // A consumer that joins nothing: on a producer, librdkafka dies of a group's coordinator that has moved.
  conf.set("group.id", "loom-admin");
  auto client = conf.make(RD_KAFKA_CONSUMER);
  if (!client) return tl::unexpected(client.error());
  client_.reset(client->release());
  return {};
}

template <class Ask>
Result<rd::Event> LiveAdmin::ask(const std::string& what, Wait wait, Ask ask) {
  rd_kafka_poll(client_.get(), 0);  // nobody else reads its errors
  rd::Queue answers(rd_kafka_queue_new(client_.get()));
  Options options(rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_ANY));
  TextArray ignored{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), std::max(1, rd::ms_of(wait)), ignored.data(), ignored.size());
  ask(options.get(), answers.get());
  rd::Event event(rd_kafka_queue_poll(answers.get(), rd::ms_of(wait) + 200));
  auto code = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (!code) return event;
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT)
    return tl::unexpected(rd::error_of(code, "no broker answers at " + bootstrap_ + " (asked for " + what + ")"));
  return tl::unexpected(told(code, what, rd_kafka_event_error_string(event.get())));
}

// --- the cluster and its topics ---

Result<ClusterInfo> LiveAdmin::cluster(Wait wait) {
  auto event = ask("the cluster", wait, [&](auto* options, auto* queue) { rd_kafka_DescribeCluster(client_.get(), options, queue); });
  if (!event) return tl::unexpected(event.error());
  const auto* result = rd_kafka_event_DescribeCluster_result(event->get());
  std::size_t nodes = 0;
  rd_kafka_DescribeCluster_result_nodes(result, &nodes);
  const char* id = rd_kafka_DescribeCluster_result_cluster_id(result);
  return ClusterInfo{id ? id : "", static_cast<int>(nodes)};
}

Result<std::vector<TopicName>> LiveAdmin::topic_names(Wait wait) {
  const struct rd_kafka_metadata* raw = nullptr;
  if (auto code = rd_kafka_metadata(client_.get(), 1, nullptr, &raw, rd::ms_of(wait))) return tl::unexpected(rd::error_of(code, "the list of topics"));
  std::vector<TopicName> names;
  for (int i = 0; i < raw->topic_cnt; ++i)
    if (std::string_view name = raw->topics[i].topic; !name.starts_with("__")) names.emplace_back(std::string(name));
  rd_kafka_metadata_destroy(raw);
  std::ranges::sort(names);
  return names;
}

Result<std::map<TopicName, TopicInfo>> LiveAdmin::topics(const std::vector<TopicName>& names, Wait wait) {
  std::map<TopicName, TopicInfo> found;
  if (names.empty()) return found;
  auto texts = texts_of(names);
  TopicNames collection(rd_kafka_TopicCollection_of_topic_names(texts.data(), texts.size()));
  auto event = ask("the topics", wait, [&](auto* options, auto* queue) { rd_kafka_DescribeTopics(client_.get(), collection.get(), options, queue); });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** described = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    TopicName name{rd_kafka_TopicDescription_name(described[i])};
    if (const auto* error = rd_kafka_TopicDescription_error(described[i]); rd_kafka_error_code(error)) {
      if (rd::kind_of(rd_kafka_error_code(error)) == ErrorKind::not_found) continue;
      return tl::unexpected(rd::error_of(rd_kafka_error_code(error), of_topic(name)));
    }
    TopicInfo info{name, rd_kafka_Uuid_base64str(rd_kafka_TopicDescription_topic_id(described[i])), 0, 0, {}};
    std::size_t partitions = 0, replicas = 0;
    const auto** each = rd_kafka_TopicDescription_partitions(described[i], &partitions);
    info.partitions = static_cast<int>(partitions);
    if (partitions) rd_kafka_TopicPartitionInfo_replicas(each[0], &replicas);
    info.replication = static_cast<int>(replicas);
    found.emplace(name, std::move(info));
  }
  if (auto known = describe_settings(found, wait); !known) return tl::unexpected(known.error());
  return found;
}

Result<void> LiveAdmin::describe_settings(std::map<TopicName, TopicInfo>& topics, Wait wait) {
  if (topics.empty()) return {};
  std::vector<Resource> owned;
  std::vector<rd_kafka_ConfigResource_t*> resources;
  for (const auto& [name, info] : topics) {
    owned.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.get().c_str()));
    resources.push_back(owned.back().get());
  }
  auto event = ask("the topics' settings", wait, [&](auto* options, auto* queue) {
    rd_kafka_DescribeConfigs(client_.get(), resources.data(), resources.size(), options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0, entries = 0;
  const auto** described = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    TopicName name{rd_kafka_ConfigResource_name(described[i])};
    auto code = rd_kafka_ConfigResource_error(described[i]);
    if (code) return tl::unexpected(told(code, of_topic(name), rd_kafka_ConfigResource_error_string(described[i])));
    const auto** settings = rd_kafka_ConfigResource_configs(described[i], &entries);
    for (std::size_t j = 0; j < entries; ++j) {
      if (rd_kafka_ConfigEntry_source(settings[j]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG) continue;
      const char* value = rd_kafka_ConfigEntry_value(settings[j]);
      topics[name].settings.emplace(rd_kafka_ConfigEntry_name(settings[j]), value ? value : "");
    }
  }
  return {};
}

Result<void> first_failure(const rd_kafka_topic_result_t** results, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (auto code = rd_kafka_topic_result_error(results[i]))
      return tl::unexpected(told(code, of_topic(TopicName{rd_kafka_topic_result_name(results[i])}), rd_kafka_topic_result_error_string(results[i])));
  return {};
}

Result<void> LiveAdmin::create(const std::vector<NewTopic>& wanted, Wait wait) {
  if (wanted.empty()) return {};
  auto end = Steady::now() + wait;
  std::vector<TopicPlan> owned;
  std::vector<rd_kafka_NewTopic_t*> plans;
  std::vector<TopicName> names;
  for (const auto& topic : wanted) {
    TextArray why{};
    owned.emplace_back(rd_kafka_NewTopic_new(topic.name.get().c_str(), topic.partitions, topic.replication, why.data(), why.size()));
    if (!owned.back()) return fail(ErrorKind::configuration, of_topic(topic.name) + ": " + why.data());
    for (const auto& [name, value] : topic.settings) rd_kafka_NewTopic_set_config(owned.back().get(), name.c_str(), value.c_str());
    plans.push_back(owned.back().get());
    names.push_back(topic.name);
  }
  auto event = ask("creating topics", wait, [&](auto* options, auto* queue) {
    rd_kafka_CreateTopics(client_.get(), plans.data(), plans.size(), options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  if (auto all = first_failure(results, count); !all) return all;
  for (auto known = topics(names, wait); !known || known->size() < names.size(); known = topics(names, wait)) {
    if (Steady::now() > end) return fail(ErrorKind::unavailable, "created topics are not known to every broker yet", {.remedy = "call again"});
    std::this_thread::sleep_for(10ms);  // the controller knows them before the brokers do
  }
  return {};
}

Result<void> LiveAdmin::alter(Resource resource, const std::string& what, const std::map<std::string, std::string>& settings, Wait wait) {
  for (const auto& [name, value] : settings)
    if (rd::Failure failure{rd_kafka_ConfigResource_add_incremental_config(resource.get(), name.c_str(), RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.c_str())})
      return tl::unexpected(told(rd_kafka_error_code(failure.get()), what, rd_kafka_error_string(failure.get())));
  auto* raw = resource.get();
  auto event = ask(what, wait, [&](auto* options, auto* queue) { rd_kafka_IncrementalAlterConfigs(client_.get(), &raw, 1, options, queue); });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_IncrementalAlterConfigs_result_resources(rd_kafka_event_IncrementalAlterConfigs_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i)
    if (auto code = rd_kafka_ConfigResource_error(results[i])) return tl::unexpected(told(code, what, rd_kafka_ConfigResource_error_string(results[i])));
  return {};
}

Result<void> LiveAdmin::set(const TopicName& topic, const std::map<std::string, std::string>& settings, Wait wait) {
  return alter(Resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.get().c_str())), of_topic(topic), settings, wait);
}

Result<void> LiveAdmin::set_group(const ConsumerGroup& group, const std::map<std::string, std::string>& settings, Wait wait) {
  return alter(Resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_GROUP, group.get().c_str())), of_group(group), settings, wait);
}

Result<void> LiveAdmin::add_partitions(const TopicName& topic, int total, Wait wait) {
  TextArray why{};
  PartitionsPlan plan(rd_kafka_NewPartitions_new(topic.get().c_str(), static_cast<std::size_t>(total), why.data(), why.size()));
  if (!plan) return fail(ErrorKind::configuration, of_topic(topic) + ": " + why.data());
  auto* raw = plan.get();
  auto event = ask(of_topic(topic), wait, [&](auto* options, auto* queue) { rd_kafka_CreatePartitions(client_.get(), &raw, 1, options, queue); });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event->get()), &count);
  return first_failure(results, count);
}

// --- offsets ---

Result<Offsets> LiveAdmin::committed(const ConsumerGroup& group, Wait wait) {
  return patiently(wait, [&](Wait left) { return ask_committed(group, left); });
}

Result<Offsets> LiveAdmin::ask_committed(const ConsumerGroup& group, Wait wait) {
  GroupOffsets request(rd_kafka_ListConsumerGroupOffsets_new(group.get().c_str(), nullptr));
  auto* raw = request.get();
  auto event = ask(of_group(group), wait, [&](auto* options, auto* queue) { rd_kafka_ListConsumerGroupOffsets(client_.get(), &raw, 1, options, queue); });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  Offsets offsets;
  for (std::size_t i = 0; i < count; ++i) {
    auto code = rd_kafka_error_code(rd_kafka_group_result_error(results[i]));
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) continue;
    if (code) return tl::unexpected(rd::error_of(code, of_group(group)));
    const auto* list = rd_kafka_group_result_partitions(results[i]);
    for (int j = 0; list && j < list->cnt; ++j)
      if (list->elems[j].offset >= 0) offsets.emplace(rd::name_of(list->elems[j]), Offset{list->elems[j].offset});
  }
  return offsets;
}

// A topic that was just made has no leader for a moment.
Result<Offsets> LiveAdmin::offsets(const std::vector<TopicPartition>& partitions, std::int64_t spec, Wait wait) {
  return patiently(wait, [&](Wait left) { return ask_offsets(partitions, spec, left); });
}

Result<Offsets> LiveAdmin::ask_offsets(const std::vector<TopicPartition>& partitions, std::int64_t spec, Wait wait) {
  Offsets found;
  if (partitions.empty()) return found;
  rd::Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& partition : partitions) rd::add(list.get(), partition, spec);
  auto event = ask("offsets", wait, [&](auto* options, auto* queue) { rd_kafka_ListOffsets(client_.get(), list.get(), options, queue); });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* element = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    if (element->err) return tl::unexpected(rd::error_of(element->err, "partition " + std::string(element->topic) + "/" + std::to_string(element->partition)));
    found.emplace(rd::name_of(*element), Offset{element->offset});
  }
  return found;
}

Result<std::map<TopicPartition, Watermarks>> LiveAdmin::watermarks(const std::vector<TopicPartition>& partitions, Wait wait) {
  auto low = offsets(partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST, wait);
  if (!low) return tl::unexpected(low.error());
  auto high = offsets(partitions, RD_KAFKA_OFFSET_SPEC_LATEST, wait);
  if (!high) return tl::unexpected(high.error());
  std::map<TopicPartition, Watermarks> found;
  for (const auto& [partition, offset] : *low) found.emplace(partition, Watermarks{offset, (*high)[partition]});
  return found;
}

Result<Offsets> LiveAdmin::offsets_at(const std::vector<TopicPartition>& partitions, std::int64_t timestamp_ms, Wait wait) {
  auto found = offsets(partitions, std::max<std::int64_t>(0, timestamp_ms), wait);
  if (!found) return found;
  std::vector<TopicPartition> later;
  for (const auto& [partition, offset] : *found)
    if (offset.get() < 0) later.push_back(partition);
  auto ends = offsets(later, RD_KAFKA_OFFSET_SPEC_LATEST, wait);
  if (!ends) return ends;
  for (const auto& [partition, offset] : *ends) (*found)[partition] = offset;
  return found;
}

// --- groups ---

Result<std::vector<ConsumerGroup>> LiveAdmin::group_names(Wait wait) {
  auto event = ask("the list of groups", wait, [&](auto* options, auto* queue) { rd_kafka_ListConsumerGroups(client_.get(), options, queue); });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** listed = rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(event->get()), &count);
  std::vector<ConsumerGroup> names;
  for (std::size_t i = 0; i < count; ++i) names.emplace_back(rd_kafka_ConsumerGroupListing_group_id(listed[i]));
  return names;
}

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

GroupMember member_of(const rd_kafka_MemberDescription_t* described) {
  GroupMember member{rd_kafka_MemberDescription_client_id(described), rd_kafka_MemberDescription_host(described), {}};
  const auto* assignment = rd_kafka_MemberDescription_assignment(described);
  const auto* list = assignment ? rd_kafka_MemberAssignment_partitions(assignment) : nullptr;
  for (int i = 0; list && i < list->cnt; ++i) member.partitions.push_back(rd::name_of(list->elems[i]));
  return member;
}

Result<std::vector<GroupInfo>> LiveAdmin::groups(const std::vector<ConsumerGroup>& names, Wait wait) {
  return patiently(wait, [&](Wait left) { return ask_groups(names, left); });
}

Result<std::vector<GroupInfo>> LiveAdmin::ask_groups(const std::vector<ConsumerGroup>& wanted, Wait wait) {
  auto names = wanted.empty() ? group_names(wait) : Result<std::vector<ConsumerGroup>>(wanted);
  if (!names) return tl::unexpected(names.error());
  std::vector<GroupInfo> found;
  if (names->empty()) return found;
  auto texts = texts_of(*names);
  auto event = ask("the groups", wait, [&](auto* options, auto* queue) {
    rd_kafka_DescribeConsumerGroups(client_.get(), texts.data(), texts.size(), options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** described = rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    GroupInfo group{ConsumerGroup{rd_kafka_ConsumerGroupDescription_group_id(described[i])}, {}, {}, {}};
    auto code = rd_kafka_error_code(rd_kafka_ConsumerGroupDescription_error(described[i]));
    if (rd::kind_of(code) == ErrorKind::not_found) continue;
    if (code) return tl::unexpected(rd::error_of(code, of_group(group.name)));
    auto state = rd_kafka_ConsumerGroupDescription_state(described[i]);
    if (state == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD) continue;
    group.state = lowered(rd_kafka_consumer_group_state_name(state));
    group.protocol = lowered(rd_kafka_consumer_group_type_name(rd_kafka_ConsumerGroupDescription_type(described[i])));
    auto members = rd_kafka_ConsumerGroupDescription_member_count(described[i]);
    for (std::size_t j = 0; j < members; ++j) group.members.push_back(member_of(rd_kafka_ConsumerGroupDescription_member(described[i], j)));
    found.push_back(std::move(group));
  }
  return found;
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::open(const ClusterSettings& settings, Log log) {
  auto admin = std::make_unique<LiveAdmin>(std::move(log));
  if (auto started = admin->start(settings); !started) return tl::unexpected(started.error());
  return admin;
}

}  // namespace loom::kafka
