// A commit that the coordinator refuses, which librdkafka's own mock broker does when it is told to.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>  // after the other

#include <algorithm>

#include "kafka/broker_for_tests.h"

namespace loom::kafka {
namespace {

constexpr std::int16_t offset_commit = 8;  // of Kafka's protocol

std::ptrdiff_t commits_seen(rd_kafka_mock_cluster_t& mock) {
  std::size_t count = 0;
  auto** requests = rd_kafka_mock_get_requests(&mock, &count);
  auto commits = std::count_if(requests, requests + count, [](rd_kafka_mock_request_t* request) {
    return rd_kafka_mock_request_api_key(request) == offset_commit;
  });
  rd_kafka_mock_request_destroy_array(requests, count);
  return commits;
}

TEST(ConsumerOnMock, ACommitThatFailedIsTriedAgainWhileThePartitionStays) {
  std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> host(
      rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0), rd_kafka_destroy);
  std::unique_ptr<rd_kafka_mock_cluster_t, decltype(&rd_kafka_mock_cluster_destroy)> mock(
      rd_kafka_mock_cluster_new(host.get(), 1), rd_kafka_mock_cluster_destroy);
  TopicPartition partition{TopicName{"t"}, Partition{0}};
  rd_kafka_mock_topic_create(mock.get(), "t", 1, 1);
  ClusterSettings settings;
  settings.bootstrap = rd_kafka_mock_cluster_bootstraps(mock.get());
  auto producer = Producer::open(settings, {}, Log::silent());
  ASSERT_TRUE((*producer)->send({partition.topic, {}, "v", {}, 0, {}}, {}));
  ASSERT_TRUE((*producer)->flush(20s));
  ConsumerGroup group{"g"};
  auto consumer = Consumer::open(settings, {group, {partition.topic}, false}, {}, Log::silent());
  ASSERT_EQ(take(**consumer, 1).size(), 1u);
  rd_kafka_mock_push_request_errors(mock.get(), offset_commit, 1, RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE);
  rd_kafka_mock_start_request_tracking(mock.get());
  EXPECT_FALSE((*consumer)->commit_now({{partition, Offset{1}}}, 10s));
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE((*consumer)->poll(20ms, 10));
    return commits_seen(*mock) == 2;
  }));
}

}  // namespace
}  // namespace loom::kafka
