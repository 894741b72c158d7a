#include "app/local_kafka.h"

#include <algorithm>
#include <filesystem>

#include "kafka/admin.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto child_name = "kafka";
constexpr int most_starts = 3;  // another program may take the controller's port between choosing and binding

enum class Found { nothing, kafka, something_else, stop };

/// One handle for one question: a handle that met a closed port waits longer each time before it tries again.
bool answers(const model::ClusterSettings& settings, std::chrono::milliseconds wait) {
  auto admin = kafka::Admin::open(settings, Log::silent());
  return admin && (*admin)->cluster(wait).has_value();
}

/// What has the port now. A broker that is just starting or ending takes its time to say so.
Found look(const Endpoint& endpoint, const model::ClusterSettings& settings, Supervisor& supervisor,
           std::chrono::milliseconds patience) {
  auto deadline = Clock::now() + patience;
  do {
    if (!accepts(endpoint)) return Found::nothing;
    if (answers(settings, std::min(patience, 3000ms))) return Found::kafka;
    if (!supervisor.step(100ms)) return Found::stop;
  } while (Clock::now() < deadline);
  return Found::something_else;
}

ChildSpec broker(const KafkaProgram& program, const std::shared_ptr<KafkaFolder>& folder, const Endpoint& endpoint,
                 int drain_order) {
  ChildSpec spec;
  spec.name = child_name;
  spec.command.argv = {program.java,
                       "-Xms256m",
                       "-Xmx512m",
                       "-XX:+UseSerialGC",
                       "-XX:+ExitOnOutOfMemoryError",
                       "-Djava.awt.headless=true",
                       "-Dlog4j2.configurationFile=log4j2.xml",
                       "-cp",
                       program.jars + "/*",
                       "kafka.Kafka",
                       "server.properties"};
  spec.command.folder = folder->path();
  spec.command.output_file = folder->path() + "/logs/jvm.log";
  spec.drain_order = drain_order;
  spec.see = folder->log_file();
  spec.before_start = [folder, endpoint] { folder->choose_ports(endpoint); };
  return spec;
}

int exits_of(const Supervisor& supervisor) {
  int exits = 0;
  for (const auto& child : supervisor.children())
    if (child.name == child_name) exits = child.exits;
  return exits;
}

bool port_was_taken(const KafkaFolder& folder) {
  return folder.last_lines(60).find("Address already in use") != std::string::npos;
}

/// A private Kafka speaks plain text only.
bool wants_more_than_plain(const model::ClusterSettings& settings) {
  auto protocol = settings.properties.find("security.protocol");
  return protocol != settings.properties.end() && protocol->second != "PLAINTEXT" && protocol->second != "plaintext";
}

Error died(const KafkaFolder& folder) {
  return {ErrorKind::unavailable, "the private Kafka ended while it started; its last lines:\n" + folder.last_lines(8),
          "", "see " + folder.log_file(), ""};
}

/// True: it answers. False: a stop was asked for.
Result<bool> wait_until_it_answers(const model::ClusterSettings& settings, const Endpoint& endpoint,
                                   const KafkaFolder& folder, Supervisor& supervisor,
                                   std::chrono::milliseconds patience) {
  auto deadline = Clock::now() + patience;
  while (Clock::now() < deadline) {
    if (!supervisor.step(50ms)) return false;
    int exits = exits_of(supervisor);
    if (exits >= most_starts || (exits > 0 && !port_was_taken(folder))) return tl::unexpected(died(folder));
    if (accepts(endpoint) && answers(settings, 5s)) return true;
  }
  return fail(ErrorKind::unavailable,
              "the private Kafka does not answer after " + std::to_string(patience.count() / 1000) +
                  " s; its last lines:\n" + folder.last_lines(8),
              {.remedy = "see " + folder.log_file()});
}

}  // namespace

Result<std::unique_ptr<LocalKafka>> LocalKafka::ensure(const model::ClusterSettings& settings,
                                                       const LocalKafkaOptions& options, Supervisor& supervisor,
                                                       const Log& log) {
  auto kafka = std::make_unique<LocalKafka>();
  auto endpoint = loopback_endpoint(settings.bootstrap);
  if (!endpoint) return kafka;
  auto found = look(*endpoint, settings, supervisor, options.stranger);
  if (found == Found::stop) return nullptr;
  if (found == Found::kafka) return kafka;
  if (found == Found::something_else)
    return fail(ErrorKind::unavailable,
                "something listens on " + to_string(*endpoint) + " but does not answer as Kafka",
                {.field = "kafka.bootstrap", .remedy = "stop that program, or set kafka.bootstrap to a free port"});
  if (wants_more_than_plain(settings))
    return fail(ErrorKind::unavailable,
                "no broker answers at " + to_string(*endpoint) + ", and a private Kafka has no security.protocol",
                {.field = "kafka.properties.security.protocol",
                 .remedy = "start that broker, or remove the property for a local run"});
  auto program = find_kafka();
  if (!program) return tl::unexpected(program.error());
  auto path = std::filesystem::absolute(std::filesystem::path(options.folder) / "kafka").lexically_normal().string();
  auto folder = KafkaFolder::open(path, *program);
  if (!folder) return tl::unexpected(folder.error());
  log.info("starting a private Kafka", {{"bootstrap", to_string(*endpoint)}, {"folder", path}});
  kafka->folder_ = std::move(*folder);
  supervisor.start(broker(*program, kafka->folder_, *endpoint, options.drain_order));
  auto up = wait_until_it_answers(settings, *endpoint, *kafka->folder_, supervisor, options.patience);
  if (!up) return tl::unexpected(up.error());
  if (!*up) return nullptr;
  return kafka;
}

}  // namespace loom::app
