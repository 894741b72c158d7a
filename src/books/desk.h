// The dead letters of a cluster, read: those that are open, or all that still lie there. Reading begins where the
// consumer group loom-dlq has committed, which is one past the letters that are settled without a gap: a short cut, and
// lag that other tools can see. The truth are the notes (settled.h): Kafka forgets offsets of a group nobody is in.
// Threads: one at a time. Errors: unavailable.
//   auto desk = Desk::open(settings, {group}, log);  (*desk)->each(Desk::Scope::open, [](const auto& record, ...) {});
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "books/ranges.h"
#include "books/settled.h"

namespace loom::books {

class Desk {
 public:
  static Result<std::unique_ptr<Desk>> open(const model::ClusterSettings& settings,
                                            const std::vector<ConsumerGroup>& groups, Log log);

  enum class Scope { open, all };  // open: from the committed offset on, settled ones too
  /// In offset order per partition; false stops.
  using Visit = std::function<bool(const model::Record&, const Letter&)>;
  Result<void> each(Scope scope, const Visit& visit);
  /// The one letter at this place, if it lies there.
  Result<void> one(const Place& place, const Visit& visit);

  /// Whether letters can be settled here: their notes need a topic. Errors: not_found.
  Result<void> check_notes();
  [[nodiscard]] Settled& settled() { return settled_; }
  [[nodiscard]] const std::string& cluster_id() const { return cluster_id_; }
  /// That everything before these is settled. Only a short cut: what goes wrong is logged.
  void commit(const kafka::Offsets& settled_up_to);

 private:
  Desk(model::ClusterSettings settings, std::unique_ptr<kafka::Admin> admin, Log log)
      : settings_(std::move(settings)), admin_(std::move(admin)), log_(std::move(log)) {}
  Result<void> read(const Ranges& ranges, const Visit& visit);

  model::ClusterSettings settings_;
  std::unique_ptr<kafka::Admin> admin_;
  Log log_;
  std::string cluster_id_;
  std::vector<TopicName> topics_;
  Settled settled_;
};

}  // namespace loom::books
