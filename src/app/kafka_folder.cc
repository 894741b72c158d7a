#include "app/kafka_folder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "app/process.h"
#include "base/home.h"

namespace loom::app {
namespace {

namespace fs = std::filesystem;

constexpr auto jars_name = "kafka-4.3.1";

/// Kafka's ids are 16 bytes in base64url; none may look like an option.
std::string new_cluster_id() {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::random_device random;
  std::string id;
  for (int i = 0; i < 21; ++i) id += digits[random() % (i == 0 ? 62 : 64)];
  return id + digits[random() % 4 * 16];  // the last digit holds two bits only
}

std::string text_of(const fs::path& file) {
  std::ostringstream all;
  all << std::ifstream(file).rdbuf();
  return all.str();
}

void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::trunc) << text; }

/// A topic's folder with anything in it: records may lie there.
bool holds_data(const fs::path& data) {
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(data, error))
    if (entry.is_regular_file(error) && entry.path().extension() == ".log" && entry.file_size(error) > 0) return true;
  return false;
}

tl::unexpected<Error> cannot(const std::string& what, const std::string& remedy) {
  return fail(ErrorKind::unavailable, what, {.field = "kafka.bootstrap", .remedy = remedy});
}

Result<void> run_storage_tool(const fs::path& folder, const KafkaProgram& program, const std::string& id) {
  write(folder / "format.properties", server_properties({"127.0.0.1", 9092}, 9093, "data.part"));
  auto log = (folder / "logs/format.log").string();
  auto pid = spawn({{program.java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", program.jars + "/*",
                     "kafka.tools.StorageTool", "format", "-t", id, "-c", "format.properties"},
                    folder.string(),
                    log});
  if (!pid) return tl::unexpected(pid.error());
  auto exit = wait_for_exit(*pid);
  fs::remove(folder / "format.properties");
  if (exit.code == 0 && exit.signal == 0) return {};
  return cannot("Kafka's data folder could not be formatted (" + to_string(exit) + ")", "see " + log);
}

/// Formats beside and renames, so that `data` is whole or not there; a `data` of another hand may still be half made.
Result<void> format_once(const fs::path& folder, const KafkaProgram& program) {
  auto data = folder / "data", part = folder / "data.part";
  std::error_code error;
  if (fs::exists(data / "meta.properties")) return {};
  if (holds_data(data))
    return cannot("'" + data.string() + "' holds records but no meta.properties",
                  "restore that file, or move the folder away to start anew");
  fs::remove_all(data, error);
  fs::remove_all(part, error);
  if (text_of(folder / "cluster.id").size() != 22) write(folder / "cluster.id", new_cluster_id());
  if (auto done = run_storage_tool(folder, program, text_of(folder / "cluster.id")); !done) return done;
  fs::rename(part, data, error);
  if (error)
    return cannot("'" + part.string() + "' could not be renamed to 'data': " + error.message(),
                  "check the folder's permissions");
  return {};
}

/// The process that has Kafka's own lock on the data, 0 when nobody has.
pid_t user_of(const fs::path& data) {
  int file = ::open((data / ".lock").c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return 0;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  bool asked = fcntl(file, F_GETLK, &lock) == 0;
  ::close(file);
  return asked && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

/// After a kill the Kafka before may still be ending: Kafka's lock is asked for until it is gone.
Result<void> wait_until_unused(const fs::path& data) {
  for (int tries = 0; tries < 100; ++tries) {
    if (!user_of(data)) return {};
    poll(nullptr, 0, 100);
  }
  return cannot("'" + data.string() + "' is in use by process " + std::to_string(user_of(data)),
                "stop that Kafka, or use another folder for loom.yaml");
}

constexpr auto log4j2 = R"(<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN" shutdownHook="disable">
  <Appenders>
    <RollingFile name="file" fileName="logs/kafka.log" filePattern="logs/kafka.%i.log">
      <PatternLayout pattern="%d{ISO8601} %p %m (%c)%n"/>
      <Policies><SizeBasedTriggeringPolicy size="10 MB"/></Policies>
      <DefaultRolloverStrategy max="3"/>
    </RollingFile>
  </Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="file"/></Root></Loggers>
</Configuration>
)";

}  // namespace

Result<KafkaProgram> find_kafka() {
  const char* home = std::getenv("JAVA_HOME");
  auto java = home ? find_program(std::string(home) + "/bin/java") : "";
  if (java.empty()) java = find_program("java");
  if (java.empty())
    return cannot("no broker answers and a private Kafka needs Java, which is not here",
                  "install openjdk-17-jre-headless, or start a Kafka there");
  auto jars = find_at_home(jars_name);
  if (jars.empty())
    return cannot(std::string("no broker answers and Apache Kafka's jars (.deps/") + jars_name +
                      ") are " + where_home_was_looked_for(),
                  "run tools/setup, or set LOOM_HOME to the folder that has them, or start a Kafka there");
  return KafkaProgram{java, jars};
}

std::string server_properties(const Endpoint& client, int controller_port, const std::string& data) {
  auto controller = "127.0.0.1:" + std::to_string(controller_port), plain = "PLAINTEXT://" + to_string(client);
  std::string text;
  auto set = [&](std::string_view name, const std::string& value) { (text += name) += "=" + value + "\n"; };
  set("process.roles", "broker,controller");
  set("node.id", "1");
  set("controller.quorum.voters", "1@" + controller);
  set("listeners", plain + ",CONTROLLER://" + controller);
  set("advertised.listeners", plain);
  set("controller.listener.names", "CONTROLLER");
  set("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
  set("log.dirs", data);
  for (auto topic : {"offsets.topic", "transaction.state.log", "share.coordinator.state.topic"}) {
    set(std::string(topic) + ".replication.factor", "1");
    set(std::string(topic) + ".num.partitions", "8");
  }
  set("transaction.state.log.min.isr", "1");
  set("share.coordinator.state.topic.min.isr", "1");
  // A dead member's partitions move after 6 s; Kafka's own default is 45 s and the client may not choose.
  for (auto least : {"", "min."}) {
    set(std::string("group.consumer.") + least + "session.timeout.ms", "6000");
    set(std::string("group.consumer.") + least + "heartbeat.interval.ms", "1000");
  }
  // After a kill the node waits until its own former self has timed out; Kafka's default is 9 s.
  set("broker.session.timeout.ms", "3000");
  set("broker.heartbeat.interval.ms", "500");
  set("group.initial.rebalance.delay.ms", "0");
  set("offsets.retention.minutes", "129600");  // 90 days
  set("auto.create.topics.enable", "false");
  set("message.max.bytes", "34603008");  // 33 MiB
  set("replica.fetch.max.bytes", "34603008");
  set("log.cleaner.dedupe.buffer.size", "16777216");  // of a heap of 512 MiB; the default takes 128
  return text;
}

Result<std::unique_ptr<KafkaFolder>> KafkaFolder::open(const std::string& path, const KafkaProgram& program) {
  std::error_code error;
  fs::create_directories(fs::path(path) / "logs", error);
  int lock = ::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0)
    return cannot("'" + path + "' can't be written: " + std::strerror(errno), "check the folder's permissions");
  std::unique_ptr<KafkaFolder> folder(new KafkaFolder(path, lock));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0)
    return cannot("another 'loom up' runs a Kafka in '" + path + "', on another port",
                  "stop it, or use the same kafka.bootstrap");
  if (auto formatted = format_once(path, program); !formatted) return tl::unexpected(formatted.error());
  if (auto unused = wait_until_unused(fs::path(path) / "data"); !unused) return tl::unexpected(unused.error());
  write(fs::path(path) / "log4j2.xml", log4j2);
  return folder;
}

KafkaFolder::~KafkaFolder() { ::close(lock_); }

void KafkaFolder::choose_ports(const Endpoint& client) const {
  write(fs::path(path_) / "server.properties", server_properties(client, free_port(), "data"));
}

std::string KafkaFolder::last_lines(int most) const {
  std::deque<std::string> lines;
  for (const auto* name : {"/logs/kafka.log", "/logs/jvm.log"}) {
    std::ifstream file(path_ + name);
    for (std::string line; std::getline(file, line);) {
      lines.push_back("  " + line.substr(0, 400));
      if (static_cast<int>(lines.size()) > most) lines.pop_front();
    }
  }
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace loom::app
