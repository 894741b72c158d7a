// A broker that was started again knows no brokers for a moment, itself neither. Its empty answer is one that is asked for
// again; librdkafka 2.15.1 as it is published ends the process by it (docs/decisions/0036-an-empty-answer.md).
#include <arpa/inet.h>

#include <atomic>
#include <initializer_list>
#include <thread>
#include <vector>

#include "kafka/broker_for_tests.h"
#include "tests/support/listener.h"

namespace loom::kafka {
namespace {

/// Kafka's numbers, in its order of bytes.
class Bytes {
 public:
  Bytes& i16(std::initializer_list<int> values) {
    for (int value : values) bytes_.append({static_cast<char>(value >> 8), static_cast<char>(value)});
    return *this;
  }
  Bytes& i32(int value) { return i16({value >> 16, value}); }
  Bytes& words(std::string_view text) {
    i16({static_cast<int>(text.size())});
    bytes_.append(text);
    return *this;
  }
  const std::string& text() const { return bytes_; }

 private:
  std::string bytes_;
};

constexpr int metadata = 3, api_versions = 18, unsupported_version = 35;

/// Speaks as much as a client asks before it knows a cluster; each connection has a thread.
class NewbornBroker {
 public:
  NewbornBroker() {
    door_ = std::thread([this] {
      for (int client = 0; (client = listener_.accept()) >= 0;)
        talks_.emplace_back([this, client] { talk(client); });
    });
  }
  /// When no client is left.
  ~NewbornBroker() {
    listener_.shut();
    door_.join();
    for (auto& talk : talks_) talk.join();
  }

  std::string bootstrap() const { return listener_.address(); }
  std::atomic<bool> knows_itself = true;
  std::atomic<int> empty_answers = 0;

 private:
  void talk(int client) {
    std::string request;
    while (take(client, request)) {
      auto number = [&](std::size_t at) {
        return static_cast<unsigned char>(request[at]) << 8 | static_cast<unsigned char>(request[at + 1]);
      };
      Bytes answer;
      answer.i16({number(4), number(6)});  // which of its questions this is
      if (number(0) == api_versions && number(2) > 0) {
        answer.i16({unsupported_version}).i32(0);
      } else if (number(0) == api_versions) {
        answer.i16({0}).i32(2).i16({metadata, 0, 8, api_versions, 0, 0});
      } else if (knows_itself) {
        answer.i32(0).i32(1).i32(0).words("127.0.0.1").i32(listener_.port()).i16({-1}).words("cluster").i32(0).i32(0).i32(0);
      } else {
        ++empty_answers;
        answer.i32(0).i32(0).i16({-1}).i32(-1).i32(0).i32(0);  // throttle, brokers, name, controller, topics, rights
      }
      auto frame = Bytes().i32(static_cast<int>(answer.text().size())).text() + answer.text();
      ::send(client, frame.data(), frame.size(), MSG_NOSIGNAL);
    }
    ::close(client);
  }
  static bool take(int client, std::string& request) {
    std::uint32_t size = 0;
    if (::recv(client, &size, sizeof size, MSG_WAITALL) != sizeof size) return false;
    request.resize(ntohl(size));
    return ::recv(client, request.data(), request.size(), MSG_WAITALL) == static_cast<ssize_t>(request.size());
  }

  test::Listener listener_;
  std::vector<std::thread> talks_;
  std::thread door_;
};

TEST(BrokerAwayNewborn, IsAskedAgain) {
  NewbornBroker broker;
  ClusterSettings settings;
  settings.bootstrap = broker.bootstrap();
  auto admin = Admin::open(settings, Log::silent());
  ASSERT_TRUE(admin);
  auto cluster = (*admin)->cluster(10s);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(cluster->cluster_id, "cluster");
  broker.knows_itself = false;
  cluster = (*admin)->cluster(1s);
  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().kind, ErrorKind::unavailable) << to_string(cluster.error());
  auto topics = (*admin)->topics({TopicName{"t"}}, 1s);
  ASSERT_FALSE(topics);
  EXPECT_EQ(topics.error().kind, ErrorKind::unavailable) << to_string(topics.error());
  EXPECT_GT(broker.empty_answers, 1);
  broker.knows_itself = true;
  EXPECT_TRUE((*admin)->cluster(10s));
}

}  // namespace
}  // namespace loom::kafka
