// The admin client behind admin.h, for the files that implement it: topics (admin.cc), offsets and groups.
// Private to this folder; errors and threads as admin.h says.
#pragma once

#include <algorithm>
#include <array>
#include <mutex>
#include <thread>

#include "kafka/admin.h"
#include "kafka/rd.h"

namespace loom::kafka {

using Wait = std::chrono::milliseconds;
using AdminOptions = rd::Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using Resource = rd::Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
using TextArray = std::array<char, 256>;

template <class T>
std::vector<const char*> texts_of(const std::vector<T>& names) {
  std::vector<const char*> texts;
  for (const auto& name : names) texts.push_back(name.get().c_str());
  return texts;
}

inline std::string of_group(const ConsumerGroup& group) { return "consumer group '" + group.get() + "'"; }

/// With the broker's own words where it sent some: they say which setting is wrong.
inline Error told(rd_kafka_resp_err_t code, const std::string& what, const char* words) {
  auto error = rd::error_of(code, what);
  if (words && *words) error.message = what + ": " + words;
  return error;
}

class LiveAdmin final : public Admin, rd::Owner {
 public:
  LiveAdmin(Log log, const std::atomic<bool>* stop) : rd::Owner(std::move(log)), stop_(stop) {}
  Result<void> start(const ClusterSettings& settings);

  Result<ClusterInfo> cluster(Wait wait) override;
  Result<std::vector<TopicName>> topic_names(Wait wait) override;
  Result<std::map<TopicName, TopicInfo>> topics(const std::vector<TopicName>& names, Wait wait) override;
  Result<void> create(const std::vector<NewTopic>& topics, Wait wait) override;
  Result<void> set(const TopicName& topic, const std::map<std::string, std::string>& settings, Wait wait) override;
  Result<void> add_partitions(const TopicName& topic, int total, Wait wait) override;
  Result<void> set_group(const ConsumerGroup& group, const std::map<std::string, std::string>& settings,
                         Wait wait) override;
  Result<Offsets> committed(const ConsumerGroup& group, Wait wait) override;
  Result<void> set_committed(const ConsumerGroup& group, const Offsets& next, Wait wait) override;
  Result<std::map<TopicPartition, Watermarks>> watermarks(const std::vector<TopicPartition>& partitions,
                                                          Wait wait) override;
  Result<Offsets> offsets_at(const std::vector<TopicPartition>& partitions, std::int64_t timestamp_ms,
                             Wait wait) override;
  Result<std::vector<GroupInfo>> groups(const std::vector<ConsumerGroup>& names, Wait wait) override;

 private:
  /// Coordinators need a moment after a start or a move: asked again while there is time and somebody who wants it.
  template <class Ask>
  auto patiently(Wait wait, Ask ask) -> decltype(ask(wait)) {
    auto end = std::chrono::steady_clock::now() + wait;
    while (true) {
      auto left = std::max(Wait(1), std::chrono::duration_cast<Wait>(end - std::chrono::steady_clock::now()));
      auto answer = ask(left);
      bool is_over = std::chrono::steady_clock::now() + Wait(50) >= end || (stop_ && *stop_);
      if (answer || answer.error().kind != ErrorKind::unavailable || is_over) return answer;
      std::this_thread::sleep_for(Wait(50));
    }
  }
  /// Runs one request: `ask` starts it on the queue it is given, the answer is the event.
  template <class Ask>
  Result<rd::Event> ask(const std::string& what, Wait wait, Ask ask);
  Result<void> describe_settings(std::map<TopicName, TopicInfo>& topics, Wait wait);
  Result<void> alter(Resource resource, const std::string& what, const std::map<std::string, std::string>& settings,
                     Wait wait);
  Result<Offsets> offsets(const std::vector<TopicPartition>& partitions, std::int64_t spec, Wait wait);
  Result<Offsets> ask_offsets(const std::vector<TopicPartition>& partitions, std::int64_t spec, Wait wait);
  Result<std::vector<ConsumerGroup>> group_names(Wait wait);
  Result<void> ask_to_commit(const ConsumerGroup& group, const Offsets& next, Wait wait);
  Result<Offsets> ask_committed(const ConsumerGroup& group, Wait wait);
  Result<std::vector<GroupInfo>> ask_groups(const std::vector<ConsumerGroup>& wanted, Wait wait);

  rd_kafka_event_t* answer_of(rd_kafka_queue_t* answers, Wait wait) const;
  /// What stands behind a silence: a password or certificate that was refused at the door.
  void note(rd_kafka_resp_err_t code, const char* reason);
  [[nodiscard]] std::optional<Error> refused_at_the_door();

  const std::atomic<bool>* const stop_;
  std::string bootstrap_;
  std::mutex refusal_mutex_;
  std::optional<Error> refusal_;
  rd::GroupClient client_;
};

template <class Ask>
Result<rd::Event> LiveAdmin::ask(const std::string& what, Wait wait, Ask ask) {
  rd_kafka_poll(client_.get(), 0);  // nobody else reads its errors
  rd::Queue answers(rd_kafka_queue_new(client_.get()));
  AdminOptions options(rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_ANY));
  TextArray ignored{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), std::max(1, rd::ms_of(wait)), ignored.data(),
                                            ignored.size());
  ask(options.get(), answers.get());
  rd::Event event(answer_of(answers.get(), wait + Wait(200)));
  auto code = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (!code) return event;
  if (auto refused = refused_at_the_door()) return tl::unexpected(*refused);
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT)
    return tl::unexpected(rd::error_of(code, "no broker answers at " + bootstrap_ + " (asked for " + what + ")"));
  return tl::unexpected(told(code, what, rd_kafka_event_error_string(event.get())));
}

}  // namespace loom::kafka
