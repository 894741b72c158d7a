// The real Apache Kafka, where its jars are; and what goes wrong without it.
#include "app/local_kafka.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kafka/admin.h"
#include "tests/support/listener.h"
#include "tests/support/temp_folder.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class LocalKafkaTest : public testing::Test {
 protected:
  [[nodiscard]] static model::ClusterSettings on(int port) {
    model::ClusterSettings settings;
    settings.bootstrap = "127.0.0.1:" + std::to_string(port);
    return settings;
  }
  [[nodiscard]] LocalKafkaOptions in(const std::string& name) const {
    LocalKafkaOptions options;
    options.folder = (root_ / name / ".loom").string();
    options.stranger = 300ms;
    return options;
  }
  [[nodiscard]] static std::string cluster_id(const model::ClusterSettings& settings) {
    auto admin = kafka::Admin::open(settings, Log::silent());
    auto cluster = (*admin)->cluster(60s);
    return cluster ? cluster->cluster_id : to_string(cluster.error());
  }

  test::TempFolder temp_;
  fs::path root_ = temp_.path();
};

TEST_F(LocalKafkaTest, two_run_side_by_side_and_one_that_is_killed_comes_back_with_its_data) {
  if (!find_kafka()) GTEST_SKIP() << "no Kafka or no Java here: run tools/setup";
  auto first = on(free_port()), second = on(free_port());
  Supervisor supervisor({}, Log::silent());
  auto one = LocalKafka::ensure(first, in("one"), supervisor, Log::silent());
  ASSERT_TRUE(one) << to_string(one.error());
  EXPECT_TRUE((*one)->is_private());
  auto two = LocalKafka::ensure(second, in("two"), supervisor, Log::silent());
  ASSERT_TRUE(two) << to_string(two.error());
  auto id = cluster_id(first);
  EXPECT_EQ(id.size(), 22u);
  EXPECT_NE(id, cluster_id(second));

  auto again = LocalKafka::ensure(first, in("three"), supervisor, Log::silent());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_FALSE((*again)->is_private());  // one is there already

  auto admin = kafka::Admin::open(first, Log::silent());
  ASSERT_TRUE((*admin)->create({{TopicName{"kept"}, 2, 1, {}}}, 30s));
  kill(supervisor.children()[0].pid, SIGKILL);
  while (supervisor.children()[0].exits == 0 || supervisor.children()[0].state != ChildState::running)
    ASSERT_TRUE(supervisor.step(1s));
  EXPECT_EQ(cluster_id(first), id);
  auto topics = (*admin)->topics({TopicName{"kept"}}, 60s);
  ASSERT_TRUE(topics) << to_string(topics.error());
  EXPECT_EQ((*topics)[TopicName{"kept"}].partitions, 2);
  EXPECT_EQ(supervisor.drain(), 0);
}

TEST_F(LocalKafkaTest, leaves_other_machines_alone) {
  model::ClusterSettings settings;
  settings.bootstrap = "kafka.example:9092,127.0.0.1:9092";
  Supervisor supervisor({}, Log::silent());
  auto kafka = LocalKafka::ensure(settings, in("x"), supervisor, Log::silent());
  ASSERT_TRUE(kafka);
  EXPECT_FALSE((*kafka)->is_private());
  EXPECT_FALSE(fs::exists(root_ / "x"));
}

TEST_F(LocalKafkaTest, refuses_a_port_that_something_else_has) {
  test::Listener listener;
  Supervisor supervisor({}, Log::silent());
  auto kafka = LocalKafka::ensure(on(listener.port()), in("x"), supervisor, Log::silent());
  ASSERT_FALSE(kafka);
  EXPECT_EQ(kafka.error().kind, ErrorKind::unavailable);
  EXPECT_NE(kafka.error().message.find("does not answer as Kafka"), std::string::npos);
}

TEST_F(LocalKafkaTest, does_not_pretend_to_be_a_secured_broker) {
  auto settings = on(free_port());
  settings.properties["security.protocol"] = "SASL_SSL";
  Supervisor supervisor({}, Log::silent());
  auto kafka = LocalKafka::ensure(settings, in("x"), supervisor, Log::silent());
  ASSERT_FALSE(kafka);
  EXPECT_NE(kafka.error().message.find("security.protocol"), std::string::npos);
}

TEST_F(LocalKafkaTest, gives_the_last_words_of_one_that_dies_at_once) {
  fs::create_directories(root_ / "java/bin");
  fs::create_directories(root_ / "home/kafka-4.3.1");
  std::ofstream(root_ / "java/bin/java")
      << "#!/bin/sh\ncase \"$*\" in *StorageTool*) mkdir data.part; echo > data.part/meta.properties ;; *) echo 'the "
         "disk is made of cheese'; exit 1 ;; esac\n";
  fs::permissions(root_ / "java/bin/java", fs::perms::owner_all);
  setenv("JAVA_HOME", (root_ / "java").c_str(), 1);
  setenv("LOOM_HOME", (root_ / "home").c_str(), 1);
  Supervisor supervisor({}, Log::silent());
  auto kafka = LocalKafka::ensure(on(free_port()), in("x"), supervisor, Log::silent());
  unsetenv("JAVA_HOME");
  unsetenv("LOOM_HOME");
  ASSERT_FALSE(kafka);
  EXPECT_NE(kafka.error().message.find("the disk is made of cheese"), std::string::npos) << kafka.error().message;
}

}  // namespace
}  // namespace loom::app
