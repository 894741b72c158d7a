// A private real Kafka for a test program: one node, its own ports and folder, gone with the program however that ends.
// Ownership: the object owns process and folder. Threads: one (the one that starts it must live as long as the broker).
// Errors: std::runtime_error, a test environment that cannot be set up is no Result.
//   loom::test::Broker broker;  settings.bootstrap = broker.bootstrap();  broker.pause(); broker.resume();
//   broker.stop(); broker.start();
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace loom::test {

inline std::uint16_t free_port() {
  int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bool is_bound = ::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(probe);
  if (!is_bound) throw std::runtime_error("no free port on loopback");
  return ntohs(address.sin_port);
}

class Broker {
 public:
  using Settings = std::map<std::string, std::string>;

  Broker() : Broker(Settings{}) {}
  explicit Broker(Settings settings) : port_(free_port()) {
    auto pattern = (std::filesystem::temp_directory_path() / "loom-kafka-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder for Kafka");
    folder_ = pattern;
    write_properties(std::move(settings));
    auto format =
        spawn({"kafka.tools.StorageTool", "format", "-t", "bG9vbS10ZXN0LWNsdXN0ZX", "-c", properties().string()});
    int status = 0;
    ::waitpid(format, &status, 0);
    if (status != 0) throw std::runtime_error("formatting Kafka's folder failed, see " + log().string());
    start();
  }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker() {
    stop(SIGKILL);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] std::string bootstrap() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::filesystem::path log() const { return folder_ / "log"; }

  /// Returns when it answers.
  void start() {
    process_ = spawn({"kafka.Kafka", properties().string()});
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(90);
    while (!answers()) {
      if (::waitpid(process_, nullptr, WNOHANG) == process_)
        throw std::runtime_error("Kafka ended at once, see " + log().string());
      if (std::chrono::steady_clock::now() > end)
        throw std::runtime_error("Kafka does not answer, see " + log().string());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  void stop(int how = SIGTERM) {
    if (process_ <= 0) return;
    ::kill(process_, SIGCONT);
    ::kill(process_, how);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  /// Returns when every thread of the broker has stopped, not when it was told to.
  void pause() const {
    ::kill(process_, SIGSTOP);
    siginfo_t stopped{};
    ::waitid(P_PID, static_cast<id_t>(process_), &stopped, WSTOPPED);
  }
  void resume() const { ::kill(process_, SIGCONT); }

  [[nodiscard]] static std::filesystem::path jars() {
    if (const char* set = std::getenv("LOOM_KAFKA_JARS")) return set;
    return std::filesystem::path(LOOM_ROOT) / ".deps/kafka-4.3.1";
  }
  [[nodiscard]] static bool is_available() { return std::filesystem::is_directory(jars()); }

 private:
  [[nodiscard]] std::filesystem::path properties() const { return folder_ / "server.properties"; }

  void write_properties(Settings own) {
    auto controller = std::to_string(free_port());
    own.merge(Settings{{"process.roles", "broker,controller"},
                       {"node.id", "1"},
                       {"controller.quorum.voters", "1@127.0.0.1:" + controller},
                       {"listeners", "PLAINTEXT://" + bootstrap() + ",CONTROLLER://127.0.0.1:" + controller},
                       {"advertised.listeners", "PLAINTEXT://" + bootstrap()},
                       {"controller.listener.names", "CONTROLLER"},
                       {"log.dirs", (folder_ / "data").string()},
                       {"offsets.topic.replication.factor", "1"},
                       {"offsets.topic.num.partitions", "4"},
                       {"transaction.state.log.replication.factor", "1"},
                       {"transaction.state.log.min.isr", "1"},
                       {"transaction.state.log.num.partitions", "2"},
                       {"share.coordinator.state.topic.replication.factor", "1"},
                       {"share.coordinator.state.topic.min.isr", "1"},
                       {"group.initial.rebalance.delay.ms", "0"},
                       {"group.consumer.session.timeout.ms", "6000"},
                       {"group.consumer.min.session.timeout.ms", "6000"},
                       {"group.consumer.heartbeat.interval.ms", "1000"},
                       {"group.consumer.min.heartbeat.interval.ms", "1000"},
                       {"auto.create.topics.enable", "false"},
                       {"message.max.bytes", "33554432"}});
    std::ofstream out(properties());
    for (const auto& [name, value] : own) out << name << '=' << value << '\n';
  }

  [[nodiscard]] pid_t spawn(std::vector<std::string> arguments) const {
    std::vector<std::string> words{"java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-cp", (jars() / "*").string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> raw;
    for (auto& word : words) raw.push_back(word.data());
    raw.push_back(nullptr);
    auto parent = ::getpid();
    auto log_path = log().string();
    auto child = ::fork();
    if (child < 0) throw std::runtime_error("cannot start java");
    if (child > 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    int out = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execvp("java", raw.data());
    ::_exit(127);
  }

  /// Asks for the versions of the protocol (request 18): an open port alone is too early.
  [[nodiscard]] bool answers() const {
    int client = ::socket(AF_INET, SOCK_STREAM, 0);
    timeval patience{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    const std::array<unsigned char, 14> question{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff};
    std::array<unsigned char, 8> answer{};
    bool is_alive =
        ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::send(client, question.data(), question.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(question.size()) &&
        ::recv(client, answer.data(), answer.size(), MSG_WAITALL) == static_cast<ssize_t>(answer.size());
    ::close(client);
    return is_alive;
  }

  std::uint16_t port_;
  std::filesystem::path folder_;
  pid_t process_ = -1;
};

}  // namespace loom::test
