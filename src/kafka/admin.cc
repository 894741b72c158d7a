#include <algorithm>

#include "kafka/live_admin.h"

namespace loom::kafka {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

using TopicPlan = rd::Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using PartitionsPlan = rd::Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using TopicNames = rd::Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;

std::string of_topic(const TopicName& topic) { return "topic '" + topic.get() + "'"; }

}  // namespace

Result<void> LiveAdmin::start(const ClusterSettings& settings) {
  bootstrap_ = settings.bootstrap;
  rd::Conf conf(settings, *this);
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
    const char* name = rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code));
    auto* owner = static_cast<rd::Owner*>(opaque);
    owner->journal.warn_seldom(std::string("admin ") + name, reason, name);
    static_cast<LiveAdmin*>(owner)->note(static_cast<rd_kafka_resp_err_t>(code), reason);
  });
  // A consumer that joins nothing: on a producer, librdkafka dies of a group's coordinator that has moved.
  conf.set("group.id", "loom-admin");
  auto client = conf.make(RD_KAFKA_CONSUMER);
  if (!client) return tl::unexpected(client.error());
  client_.reset(client->release());
  return {};
}

/// nullptr: none came in time, or nobody wants it any more.
rd_kafka_event_t* LiveAdmin::answer_of(rd_kafka_queue_t* answers, Wait wait) const {
  if (!stop_) return rd_kafka_queue_poll(answers, rd::ms_of(wait));
  constexpr int step_ms = 20;
  for (auto end = Steady::now() + wait; !*stop_ && Steady::now() < end;)
    if (auto* event = rd_kafka_queue_poll(answers, step_ms)) return event;
  return nullptr;
}

void LiveAdmin::note(rd_kafka_resp_err_t code, const char* reason) {
  if (rd::kind_of(code) != ErrorKind::configuration) return;
  std::lock_guard lock(refusal_mutex_);
  refusal_ = told(code, "the brokers at " + bootstrap_ + " can't be talked to", reason);
}

std::optional<Error> LiveAdmin::refused_at_the_door() {
  rd_kafka_poll(client_.get(), 0);  // hears what `note` keeps
  std::lock_guard lock(refusal_mutex_);
  return std::exchange(refusal_, std::nullopt);
}

Result<ClusterInfo> LiveAdmin::cluster(Wait wait) {
  auto event = ask("the cluster", wait,
                   [&](auto* options, auto* queue) { rd_kafka_DescribeCluster(client_.get(), options, queue); });
  if (!event) return tl::unexpected(event.error());
  const auto* result = rd_kafka_event_DescribeCluster_result(event->get());
  std::size_t nodes = 0;
  rd_kafka_DescribeCluster_result_nodes(result, &nodes);
  const char* id = rd_kafka_DescribeCluster_result_cluster_id(result);
  return ClusterInfo{id ? id : "", static_cast<int>(nodes)};
}

Result<std::vector<TopicName>> LiveAdmin::topic_names(Wait wait) {
  const struct rd_kafka_metadata* raw = nullptr;
  if (auto code = rd_kafka_metadata(client_.get(), 1, nullptr, &raw, rd::ms_of(wait)))
    return tl::unexpected(rd::error_of(code, "the list of topics"));
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
  auto event = ask("the topics", wait, [&](auto* options, auto* queue) {
    rd_kafka_DescribeTopics(client_.get(), collection.get(), options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** described =
      rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event->get()), &count);
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
  const auto** described =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
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

namespace {
Result<void> first_failure(const rd_kafka_topic_result_t** results, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (auto code = rd_kafka_topic_result_error(results[i]))
      return tl::unexpected(told(code, of_topic(TopicName{rd_kafka_topic_result_name(results[i])}),
                                 rd_kafka_topic_result_error_string(results[i])));
  return {};
}
}  // namespace

Result<void> LiveAdmin::create(const std::vector<NewTopic>& wanted, Wait wait) {
  if (wanted.empty()) return {};
  auto end = Steady::now() + wait;
  std::vector<TopicPlan> owned;
  std::vector<rd_kafka_NewTopic_t*> plans;
  std::vector<TopicName> names;
  for (const auto& topic : wanted) {
    TextArray why{};
    owned.emplace_back(
        rd_kafka_NewTopic_new(topic.name.get().c_str(), topic.partitions, topic.replication, why.data(), why.size()));
    if (!owned.back()) return fail(ErrorKind::configuration, of_topic(topic.name) + ": " + why.data());
    for (const auto& [name, value] : topic.settings)
      rd_kafka_NewTopic_set_config(owned.back().get(), name.c_str(), value.c_str());
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
    if (Steady::now() > end)
      return fail(ErrorKind::unavailable, "created topics are not known to every broker yet", {.remedy = "call again"});
    std::this_thread::sleep_for(10ms);  // the controller knows them before the brokers do
  }
  return {};
}

Result<void> LiveAdmin::alter(Resource resource, const std::string& what,
                              const std::map<std::string, std::string>& settings, Wait wait) {
  for (const auto& [name, value] : settings)
    if (rd::Failure failure{rd_kafka_ConfigResource_add_incremental_config(
            resource.get(), name.c_str(), RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.c_str())})
      return tl::unexpected(told(rd_kafka_error_code(failure.get()), what, rd_kafka_error_string(failure.get())));
  auto* raw = resource.get();
  auto event = ask(what, wait, [&](auto* options, auto* queue) {
    rd_kafka_IncrementalAlterConfigs(client_.get(), &raw, 1, options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results = rd_kafka_IncrementalAlterConfigs_result_resources(
      rd_kafka_event_IncrementalAlterConfigs_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i)
    if (auto code = rd_kafka_ConfigResource_error(results[i]))
      return tl::unexpected(told(code, what, rd_kafka_ConfigResource_error_string(results[i])));
  return {};
}

Result<void> LiveAdmin::set(const TopicName& topic, const std::map<std::string, std::string>& settings, Wait wait) {
  return alter(Resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.get().c_str())), of_topic(topic),
               settings, wait);
}

Result<void> LiveAdmin::set_group(const ConsumerGroup& group, const std::map<std::string, std::string>& settings,
                                  Wait wait) {
  return alter(Resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_GROUP, group.get().c_str())), of_group(group),
               settings, wait);
}

Result<void> LiveAdmin::add_partitions(const TopicName& topic, int total, Wait wait) {
  TextArray why{};
  PartitionsPlan plan(
      rd_kafka_NewPartitions_new(topic.get().c_str(), static_cast<std::size_t>(total), why.data(), why.size()));
  if (!plan) return fail(ErrorKind::configuration, of_topic(topic) + ": " + why.data());
  auto* raw = plan.get();
  auto event = ask(of_topic(topic), wait, [&](auto* options, auto* queue) {
    rd_kafka_CreatePartitions(client_.get(), &raw, 1, options, queue);
  });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event->get()), &count);
  return first_failure(results, count);
}

Result<std::unique_ptr<Admin>> Admin::open(const ClusterSettings& settings, Log log,
                                            const std::atomic<bool>* stop) {
  auto admin = std::make_unique<LiveAdmin>(std::move(log), stop);
  if (auto started = admin->start(settings); !started) return tl::unexpected(started.error());
  return admin;
}

}  // namespace loom::kafka
