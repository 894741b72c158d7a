// The folder of a private Kafka, <.loom>/kafka: its data, its settings, its logs.
//   data/  formatted once, under a cluster id that stays in `cluster.id`     server.properties, log4j2.xml  written
//   anew logs/  kafka.log (at most 40 MB), jvm.log                                lock  held by the `loom up` that owns
//   it
// Ownership: an open KafkaFolder holds the lock. Threads: main's (formatting starts a process).
// Errors: unavailable (in use, no Java, no disk), naming the remedy.
#pragma once

#include <memory>
#include <string>

#include "app/loopback.h"
#include "loom/error.h"

namespace loom::app {

/// What runs Kafka on this machine.
struct KafkaProgram {
  std::string java;  // path
  std::string jars;  // folder
};
/// Java: JAVA_HOME, else PATH. Jars: LOOM_HOME, else upwards from the binary's own path.
Result<KafkaProgram> find_kafka();

[[nodiscard]] std::string server_properties(const Endpoint& client, int controller_port, const std::string& data);

class KafkaFolder {
 public:
  /// Takes the lock, formats the data where that has not been done, and waits for a Kafka that is still ending.
  static Result<std::unique_ptr<KafkaFolder>> open(const std::string& path, const KafkaProgram& program);
  ~KafkaFolder();
  KafkaFolder(const KafkaFolder&) = delete;
  KafkaFolder& operator=(const KafkaFolder&) = delete;

  /// Writes server.properties: this client port, and a controller port that is free now.
  void choose_ports(const Endpoint& client) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string log_file() const { return path_ + "/logs/kafka.log"; }
  /// What the last start left in its logs, at most so many lines.
  [[nodiscard]] std::string last_lines(int most) const;

 private:
  KafkaFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

}  // namespace loom::app
