#include "app/up.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "app/local_kafka.h"
#include "app/tables.h"
#include "app/topics.h"
#include "http/client.h"
#include "http/wire.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Broker, topics and tables, before any part runs. The kafka::Admin stays for the look at the groups.
struct Ground {
  std::unique_ptr<LocalKafka> broker;
  std::unique_ptr<kafka::Admin> admin;
};

/// A Ground without an admin: a stop was asked for.
Result<Ground> prepare(const Loaded& loaded, Supervisor& supervisor, const Log& log) {
  Ground ground;
  const auto& catalogue = loaded.catalogue;
  auto folder = (catalogue.folder.empty() ? "." : catalogue.folder) + "/.loom";
  auto broker = LocalKafka::ensure(catalogue.kafka, {folder}, supervisor, log);
  if (!broker) return tl::unexpected(broker.error());
  if (!*broker) return ground;
  ground.broker = std::move(*broker);
  auto admin = kafka::Admin::open(catalogue.kafka, log);
  if (!admin) return tl::unexpected(admin.error());
  auto topics = apply_topics(**admin, catalogue, {});
  if (!topics) return tl::unexpected(topics.error());
  for (const auto& change : topics->done) log.debug("topic changed", {{"what", describe(change)}});
  if (!topics->done.empty()) log.info("topics applied", {{"changes", topics->done.size()}});
  for (const auto& change : topics->left) log.warn("topic left as it is", {{"what", describe(change)}});
  if (!ground.broker->is_private())
    for (const auto& note : apply_groups(**admin, catalogue)) log.info("groups left as they are", {{"what", note}});
  auto tables = apply_tables_for(loaded, log);
  if (!tables) return tl::unexpected(tables.error());
  for (const auto& change : *tables) log.info("table changed", {{"what", change.text}});
  ground.admin = std::move(*admin);
  return ground;
}

void warn_of_idle(const Loaded& loaded, const Instances& instances, const Log& log) {
  for (const auto& [group, count] : instances) {
    int partitions = 0;
    for (const auto& topic : inputs_of(loaded, loaded.catalogue.stages.at(group)))
      if (auto spec = loaded.catalogue.topics.find(topic); spec != loaded.catalogue.topics.end())
        partitions += spec->second.partitions;
    if (count > partitions)
      log.warn("more instances than partitions, the surplus stands idle",
               {{"group", group.get()}, {"instances", count}, {"partitions", partitions}});
  }
}

bool is_part(const ChildStatus& child) { return child.name != "kafka"; }

bool all_refused(const Supervisor& supervisor) {
  auto children = supervisor.children();
  return std::none_of(children.begin(), children.end(),
                      [](const auto& child) { return is_part(child) && child.state != ChildState::refused; });
}

bool is_refused(const Supervisor& supervisor, const ConsumerGroup& group) {
  for (const auto& child : supervisor.children())
    if (child.state == ChildState::refused && (child.name == group.get() || child.name.starts_with(group.get() + " ")))
      return true;
  return false;
}

/// Under TLS it is enough that it listens: its certificate may be made out to another name, or want one of ours.
bool api_answers(const model::ApiSettings& api) {
  auto url = http::parse_url(api_url(api));
  if (url && api.tls) return http::Wire::connect(url->host, url->port, 1s).has_value();
  auto client = http::Client::open(api_url(api), {.connect_timeout = 1s, .timeout = 1s});
  auto reply = client ? client->get("/readyz") : tl::unexpected(client.error());
  return reply && reply->status == 200;
}

/// What does not answer yet; empty when all does. A part that was refused is not waited for.
std::vector<std::string> not_ready(const model::Catalogue& catalogue, const Instances& instances, kafka::Admin& admin,
                                   const Supervisor& supervisor) {
  std::vector<std::string> late;
  if (!is_refused(supervisor, ConsumerGroup{"api"}) && !api_answers(catalogue.api)) late.push_back("api");
  std::vector<ConsumerGroup> wanted;
  for (const auto& [group, count] : instances)
    if (count > 0 && !is_refused(supervisor, group)) wanted.push_back(group);
  if (wanted.empty()) return late;
  std::map<ConsumerGroup, int> members;
  if (auto groups = admin.groups(wanted, 1s))
    for (const auto& group : *groups) members[group.name] = static_cast<int>(group.members.size());
  for (const auto& group : wanted)
    if (members[group] < instances.at(group)) late.push_back(group.get());
  return late;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void print_ready(const model::Catalogue& catalogue, const Instances& instances, bool private_broker) {
  std::vector<std::string> groups;
  for (const auto& [group, count] : instances)
    groups.push_back(group.get() + (count == 1 ? "" : " x" + std::to_string(count)));
  std::printf(
      "ready\n  api       %s\n  kafka     %s%s\n  database  %s\n  groups    %s\nCtrl-C drains and stops everything\n",
      api_url(catalogue.api).c_str(), catalogue.kafka.bootstrap.c_str(),
      private_broker ? " (private, .loom/kafka)" : "", without_password(catalogue.database.url).c_str(),
      joined(groups).c_str());
  std::fflush(stdout);
}

/// Until a stop is asked for, or no part is left that could run.
void watch(const model::Catalogue& catalogue, const Instances& instances, Ground& ground, Supervisor& supervisor,
           const Log& log) {
  bool ready = false, told = false;
  auto patience = Clock::now() + 60s;
  while (supervisor.step(ready ? 60'000ms : 100ms)) {
    if (all_refused(supervisor)) return log.error("no part is left that could run, stopping");
    if (ready) continue;
    auto late = not_ready(catalogue, instances, *ground.admin, supervisor);
    ready = late.empty();
    if (ready) {
      print_ready(catalogue, instances, ground.broker->is_private());
      ground.admin.reset();  // it has no more to ask, and would only mourn the broker at the end
    }
    if (!ready && !told && Clock::now() > patience) {
      log.warn("not ready yet, still waiting", {{"for", joined(late)}});
      told = true;
    }
  }
}

}  // namespace

int up_command(const Common& common, const UpOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto instances = instances_of(loaded->catalogue, options.scale);
  if (!instances) return report(instances.error());
  std::signal(SIGPIPE, SIG_IGN);
  auto log = log_of(loaded->catalogue, "up");
  warn_of_idle(*loaded, *instances, log);
  Supervisor supervisor({}, log);  // before any thread is made, so that none takes its signals
  auto ground = prepare(*loaded, supervisor, log);
  if (!ground) {
    auto code = report(ground.error());
    supervisor.drain();
    return code;
  }
  if (ground->admin) {
    for (auto& part : parts_of(loaded->catalogue, *instances, common.config)) supervisor.start(std::move(part));
    watch(loaded->catalogue, *instances, *ground, supervisor, log);
    ground->admin.reset();
    log.info("stopping");
  }
  return supervisor.drain();
}

}  // namespace loom::app
