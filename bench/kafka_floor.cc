// librdkafka alone, as the floor beside Loom's figures.
// usage: kafka_floor produce|consume|forward BOOTSTRAP TOPIC COUNT [OUTPUT]
#include <librdkafka/rdkafka.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sample.h"
#include "usage.h"

namespace {

using loom::bench::Usage;

rd_kafka_t* client(rd_kafka_type_t type, const std::string& bootstrap) {
  char why[512];
  auto* conf = rd_kafka_conf_new();
  auto set = [&](const char* name, const char* value) {
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
      std::fprintf(stderr, "%s\n", why), std::exit(70);
  };
  set("bootstrap.servers", bootstrap.c_str());
  set("socket.nagle.disable", "true");
  if (type == RD_KAFKA_PRODUCER) {
    set("enable.idempotence", "true");
    set("linger.ms", "5");
    set("partitioner", "murmur2_random");
    set("queue.buffering.max.messages", "200000");
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
      if (message->err) std::fprintf(stderr, "delivery: %s\n", rd_kafka_err2str(message->err)), std::exit(70);
    });
  } else {
    set("group.id", ("floor-" + std::to_string(loom::now_micros())).c_str());
    set("group.protocol", "consumer");
    set("auto.offset.reset", "earliest");
    set("enable.auto.commit", "false");
  }
  auto* kafka = rd_kafka_new(type, conf, why, sizeof why);
  if (!kafka) std::fprintf(stderr, "%s\n", why), std::exit(70);
  return kafka;
}

void send(rd_kafka_t* producer, const char* topic, const std::string& id, const std::string& key, const void* value,
          std::size_t size) {
  for (;;) {
    auto err = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<void*>(value), size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADER("message_id", id.data(), static_cast<ssize_t>(id.size())), RD_KAFKA_V_HEADER("part", "", 0),
        RD_KAFKA_V_HEADER("message_type", "gps_reading", 11), RD_KAFKA_V_END);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    rd_kafka_poll(producer, 10);
  }
}

void produce(const std::string& bootstrap, const char* topic, std::size_t count) {
  auto* producer = client(RD_KAFKA_PRODUCER, bootstrap);
  std::vector<std::pair<std::string, std::string>> messages;
  for (std::size_t n = 0; n < count; ++n) {
    auto id = loom::new_message_id(loom::now_micros());
    messages.emplace_back(id, loom::bench::sample_message(id, n));
  }
  Usage usage;
  for (std::size_t n = 0; n < count; ++n) {
    send(producer, topic, messages[n].first, "phone-" + std::to_string(n % 100), messages[n].second.data(),
         messages[n].second.size());
    if (n % 512 == 0) rd_kafka_poll(producer, 0);
  }
  rd_kafka_flush(producer, 60000);
  usage.print("produce", count);
  rd_kafka_destroy(producer);
}

void consume(const std::string& bootstrap, const char* topic, std::size_t count, const char* output) {
  auto* consumer = client(RD_KAFKA_CONSUMER, bootstrap);
  auto* producer = output ? client(RD_KAFKA_PRODUCER, bootstrap) : nullptr;
  rd_kafka_poll_set_consumer(consumer);
  auto* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(consumer, topics);
  auto* queue = rd_kafka_queue_get_consumer(consumer);
  std::vector<rd_kafka_message_t*> batch(1000);
  Usage usage;
  for (std::size_t seen = 0; seen < count;) {
    auto n = rd_kafka_consume_batch_queue(queue, 5, batch.data(), batch.size());
    if (n > 0 && seen == 0) usage = Usage{};
    for (ssize_t i = 0; i < n; ++i) {
      auto* message = batch[static_cast<std::size_t>(i)];
      if (!message->err) {
        ++seen;
        if (producer) {
          send(producer, output, "0198f0c2-0000-7000-8000-000000000000",
               std::string(static_cast<char*>(message->key), message->key_len), message->payload, message->len);
        }
      }
      rd_kafka_message_destroy(message);
    }
    if (producer) rd_kafka_poll(producer, 0);
  }
  if (producer) rd_kafka_flush(producer, 60000);
  usage.print(producer ? "forward" : "consume", count);
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(consumer);
  rd_kafka_topic_partition_list_destroy(topics);
  if (producer) rd_kafka_destroy(producer);
  rd_kafka_destroy(consumer);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 64;
  auto count = static_cast<std::size_t>(std::atoll(argv[4]));
  if (std::strcmp(argv[1], "produce") == 0) {
    produce(argv[2], argv[3], count);
  } else {
    consume(argv[2], argv[3], count, argc > 5 ? argv[5] : nullptr);
  }
  return 0;
}
