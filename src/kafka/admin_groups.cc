#include <cctype>

#include "kafka/live_admin.h"

namespace loom::kafka {
namespace {

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

}  // namespace

Result<std::vector<ConsumerGroup>> LiveAdmin::group_names(Wait wait) {
  auto event = ask("the list of groups", wait,
                   [&](auto* options, auto* queue) { rd_kafka_ListConsumerGroups(client_.get(), options, queue); });
  if (!event) return tl::unexpected(event.error());
  std::size_t count = 0;
  const auto** listed =
      rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(event->get()), &count);
  std::vector<ConsumerGroup> names;
  for (std::size_t i = 0; i < count; ++i) names.emplace_back(rd_kafka_ConsumerGroupListing_group_id(listed[i]));
  return names;
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
  const auto** described =
      rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
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
    for (std::size_t j = 0; j < members; ++j)
      group.members.push_back(member_of(rd_kafka_ConsumerGroupDescription_member(described[i], j)));
    found.push_back(std::move(group));
  }
  return found;
}

}  // namespace loom::kafka
