// How fast one producer and one consumer are against a private broker: `throughput_bench [records] [bytes]`. Prints one
// line each. Not part of any test; compared only with numbers of the same minutes on the same machine.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "tests/support/test_broker.h"

namespace {

using namespace loom;
using namespace loom::kafka;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) { return std::chrono::duration<double>(Steady::now() - start).count(); }

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto of = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

void report(const char* what, std::size_t count, double wall, double cpu) {
  std::printf("%-12s %9.0f records/s  %5.2f CPU-us a record\n", what, static_cast<double>(count) / wall,
              cpu * 1e6 / static_cast<double>(count));
}

void produce(const ClusterSettings& settings, const TopicName& topic, std::size_t count, std::size_t bytes) {
  auto producer = std::move(*Producer::open(settings, {.linger = 5ms}, Log::silent()));
  if (!producer->warm(topic, 30s)) std::abort();
  auto first = Steady::now();
  (void)producer->send({topic, {}, "first", {}, 0, {}}, {});
  (void)producer->flush(10s);
  std::printf("first ack after warm %.1f ms\n", seconds_since(first) * 1e3);
  auto start = Steady::now();
  auto cpu = cpu_seconds();
  for (std::size_t i = 0; i < count; ++i) {
    OutRecord record{topic,
                     std::to_string(i % 1000),
                     std::string(bytes, 'x'),
                     {{"message_id", "0198f0c2-0000-7000-8000-000000000000"}},
                     0,
                     {}};
    while (!producer->send(std::move(record), [](Result<Delivery> where) {
      if (!where) std::abort();
    }))
      std::this_thread::sleep_for(1ms);
  }
  if (!producer->flush(60s)) std::abort();
  report("produce", count, seconds_since(start), cpu_seconds() - cpu);
}

void consume(const ClusterSettings& settings, const TopicName& topic, std::size_t count) {
  auto joined = Steady::now();
  auto consumer = std::move(*Consumer::open(settings, {ConsumerGroup{"bench"}, {topic}, false}, {}, Log::silent()));
  Steady::time_point start;
  double cpu = 0;
  for (std::size_t got = 0; got < count;) {
    auto records = consumer->poll(100ms, 5000);
    if (!records) std::abort();
    if (got == 0 && !records->empty()) {
      std::printf("first record after joining %.0f ms\n", seconds_since(joined) * 1e3);
      start = Steady::now(), cpu = cpu_seconds();
    }
    got += records->size();
  }
  report("consume", count, seconds_since(start), cpu_seconds() - cpu);
  auto idle = cpu_seconds();
  for (int i = 0; i < 30; ++i) (void)consumer->poll(100ms, 1000);
  std::printf("idle consumer %.2f %% CPU\n", (cpu_seconds() - idle) / 3 * 100);
  auto producer = std::move(*Producer::open(settings, {.linger = 0ms}, Log::silent()));
  if (!producer->warm(topic, 30s)) std::abort();
  std::vector<double> latencies;
  for (int i = 0; i < 100; ++i) {
    auto sent = Steady::now();
    (void)producer->send({topic, {}, "ping", {}, 0, {}}, {});
    while (consumer->poll(100ms, 100)->empty()) continue;
    latencies.push_back(seconds_since(sent) * 1e3);
  }
  std::sort(latencies.begin(), latencies.end());
  std::printf("produce to consume, idle: median %.1f ms, 95%% %.1f ms\n", latencies[50], latencies[95]);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  std::size_t bytes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 300;
  test::Broker broker;
  ClusterSettings settings;
  settings.bootstrap = broker.bootstrap();
  TopicName topic{"bench"};
  auto admin = Admin::open(settings, Log::silent());
  if (!(*admin)->create({{topic, 6, 1, {}}}, 30s)) return 1;
  produce(settings, topic, count, bytes);
  consume(settings, topic, count);
}
