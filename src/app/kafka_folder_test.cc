#include "app/kafka_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "tests/support/listener.h"
#include "tests/support/temp_folder.h"

namespace loom::app {
namespace {

namespace fs = std::filesystem;

/// Stands in for java: notes that it ran and does what the storage tool does, unless told to fail.
constexpr auto tool = R"(#!/bin/sh
echo "$@" >> ../tool.log
[ -e ../fail ] && exit 3
mkdir data.part && echo "cluster.id" > data.part/meta.properties
)";

class KafkaFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(root_ / "java") << tool;
    fs::permissions(root_ / "java", fs::perms::owner_all);
  }

  [[nodiscard]] Result<std::unique_ptr<KafkaFolder>> open() const {
    return KafkaFolder::open((root_ / "kafka").string(), {(root_ / "java").string(), "/jars"});
  }
  [[nodiscard]] static std::string text(const fs::path& file) {
    std::ostringstream all;
    all << std::ifstream(file).rdbuf();
    return all.str();
  }
  [[nodiscard]] long formats() const {
    auto all = text(root_ / "tool.log");
    return std::count(all.begin(), all.end(), '\n');
  }
  void put(const std::string& file, const std::string& what) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << what;
  }

  test::TempFolder temp_;
  fs::path root_ = temp_.path();
};

TEST_F(KafkaFolderTest, is_formatted_once_under_an_id_that_stays) {
  ASSERT_TRUE(open());
  auto id = text(root_ / "kafka/cluster.id");
  EXPECT_EQ(id.size(), 22u);
  EXPECT_NE(text(root_ / "tool.log").find("format -t " + id), std::string::npos);
  ASSERT_TRUE(open());
  EXPECT_EQ(formats(), 1);
  EXPECT_EQ(text(root_ / "kafka/cluster.id"), id);
  EXPECT_FALSE(fs::exists(root_ / "kafka/data.part"));
}

TEST_F(KafkaFolderTest, starts_a_half_formatted_one_again) {
  put("kafka/data.part/bootstrap.checkpoint", "x");
  put("kafka/data/bootstrap.checkpoint", "x");
  put("kafka/data/t-0/00000000000000000000.log", "");
  ASSERT_TRUE(open());
  EXPECT_TRUE(fs::exists(root_ / "kafka/data/meta.properties"));
  EXPECT_FALSE(fs::exists(root_ / "kafka/data/t-0"));
}

TEST_F(KafkaFolderTest, never_throws_records_away) {
  put("kafka/data/t-0/00000000000000000000.log", "records");
  auto folder = open();
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().kind, ErrorKind::unavailable);
  EXPECT_NE(folder.error().message.find("holds records"), std::string::npos);
  EXPECT_EQ(text(root_ / "kafka/data/t-0/00000000000000000000.log"), "records");
  EXPECT_EQ(formats(), 0);
}

TEST_F(KafkaFolderTest, a_failed_format_leaves_nothing_half_made) {
  put("fail", "");
  auto folder = open();
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("exit code 3"), std::string::npos);
  EXPECT_NE(folder.error().remedy.find("format.log"), std::string::npos);
  fs::remove(root_ / "fail");
  EXPECT_TRUE(open());
}

TEST_F(KafkaFolderTest, belongs_to_one_at_a_time) {
  auto first = open();
  ASSERT_TRUE(first);
  auto second = open();
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("another 'loom up'"), std::string::npos);
  first->reset();
  EXPECT_TRUE(open());
}

TEST_F(KafkaFolderTest, gives_the_end_of_both_logs) {
  auto folder = open();
  put("kafka/logs/kafka.log", "one\ntwo\n");
  put("kafka/logs/jvm.log", "three\n");
  EXPECT_EQ((*folder)->last_lines(2), "  two\n  three\n");
}

TEST_F(KafkaFolderTest, has_the_client_port_asked_for_and_a_controller_port_of_its_own) {
  auto folder = open();
  (*folder)->choose_ports({"127.0.0.1", 19092});
  auto settings = text(root_ / "kafka/server.properties");
  EXPECT_NE(settings.find("listeners=PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:"), std::string::npos);
  EXPECT_NE(settings.find("\nadvertised.listeners=PLAINTEXT://127.0.0.1:19092\n"), std::string::npos);
  EXPECT_EQ(settings.find("CONTROLLER://127.0.0.1:19092"), std::string::npos);
  for (const auto* line : {"group.consumer.session.timeout.ms=6000", "group.consumer.min.session.timeout.ms=6000",
                           "group.consumer.heartbeat.interval.ms=1000", "group.consumer.min.heartbeat.interval.ms=1000",
                           "auto.create.topics.enable=false", "offsets.retention.minutes=129600"})
    EXPECT_NE(settings.find("\n" + std::string(line) + "\n"), std::string::npos) << line;
}

TEST(FindKafka, names_what_is_missing_and_the_remedy) {
  setenv("LOOM_HOME", "/nowhere", 1);
  auto found = find_kafka();
  unsetenv("LOOM_HOME");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
  auto line = to_string(found.error());
  EXPECT_TRUE(line.find("tools/setup") != std::string::npos || line.find("openjdk") != std::string::npos) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(LoopbackEndpoint, is_one_address_of_this_machine) {
  struct Case {
    std::string bootstrap, expected;  // "" = none
  };
  for (const auto& it : {Case{"127.0.0.1:9092", "127.0.0.1:9092"}, Case{"127.3.2.1:1", "127.3.2.1:1"},
                         Case{"localhost:29092", "localhost:29092"}, Case{"localhost", "localhost:9092"},
                         Case{"[::1]:9092", "[::1]:9092"}, Case{"[::1]", "[::1]:9092"}, Case{"kafka:9092", ""},
                         Case{"10.0.0.1:9092", ""}, Case{"127.0.0.1:9092,127.0.0.1:9093", ""}, Case{"127.0.0.1:x", ""},
                         Case{"127.0.0.1:0", ""}, Case{"127.0.0.1:", ""}, Case{"[::1", ""}, Case{"", ""},
                         Case{"127.0.0.1.evil.example:9092", ""}}) {
    auto endpoint = loopback_endpoint(it.bootstrap);
    EXPECT_EQ(endpoint ? to_string(*endpoint) : "", it.expected) << it.bootstrap;
  }
}

TEST(Accepts, tells_a_listener_from_nothing) {
  std::optional<test::Listener> listener(std::in_place);
  Endpoint endpoint{"127.0.0.1", listener->port()};
  EXPECT_TRUE(accepts(endpoint));
  listener.reset();
  EXPECT_FALSE(accepts(endpoint));
}

}  // namespace
}  // namespace loom::app
