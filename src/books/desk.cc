#include "books/desk.h"

#include "model/catalogue.h"

namespace loom::books {
namespace {

using namespace std::chrono_literals;

constexpr auto wait = 10s;

const ConsumerGroup& desk_group() {
  static const ConsumerGroup group{"loom-dlq"};
  return group;
}

}  // namespace

Result<std::unique_ptr<Desk>> Desk::open(const model::ClusterSettings& settings,
                                         const std::vector<ConsumerGroup>& groups, Log log) {
  auto admin = kafka::Admin::open(settings, log);
  if (!admin) return tl::unexpected<Error>(admin.error());
  std::unique_ptr<Desk> desk(new Desk(settings, std::move(*admin), log));
  auto cluster = desk->admin_->cluster(wait);
  if (!cluster) return tl::unexpected<Error>(cluster.error());
  desk->cluster_id_ = cluster->cluster_id;
  for (const auto& group : groups) desk->topics_.push_back(model::dead_letters_of(group));
  auto settled = Settled::read(settings, *desk->admin_, log);
  if (!settled) return tl::unexpected<Error>(settled.error());
  desk->settled_ = std::move(*settled);
  return desk;
}

Result<void> Desk::each(Scope scope, const Visit& visit) {
  auto ranges = ranges_of(*admin_, topics_);
  if (!ranges) return tl::unexpected<Error>(ranges.error());
  if (scope == Scope::open) {
    auto committed = admin_->committed(desk_group(), wait);
    if (!committed) return tl::unexpected<Error>(committed.error());
    for (auto& [partition, range] : *ranges) {
      auto found = committed->find(partition);
      if (found != committed->end() && found->second > range.from && found->second <= range.until)
        range.from = found->second;
    }
  }
  return read(*ranges, visit);
}

Result<void> Desk::one(const Place& place, const Visit& visit) {
  auto ranges = ranges_of(*admin_, {place.partition.topic});
  if (!ranges) return tl::unexpected<Error>(ranges.error());
  auto found = ranges->find(place.partition);
  if (found == ranges->end() || place.offset < found->second.from || place.offset >= found->second.until) return {};
  return read({{place.partition, {place.offset, Offset{place.offset.get() + 1}}}}, visit);
}

Result<void> Desk::check_notes() {
  auto topics = admin_->topics({model::settled_letters()}, wait);
  if (!topics) return tl::unexpected<Error>(topics.error());
  if (!topics->empty()) return {};
  return fail(ErrorKind::not_found,
              "topic '" + model::settled_letters().get() + "' does not exist: which letters are settled is noted there",
              {.remedy = "run 'loom topics apply'"});
}

Result<void> Desk::read(const Ranges& ranges, const Visit& visit) {
  return kafka::read(
      settings_, ranges, [&](const model::Record* record) { return !record || visit(*record, letter_of(*record)); },
      log_);
}

void Desk::commit(const kafka::Offsets& settled_up_to) {
  auto done = admin_->set_committed(desk_group(), settled_up_to, wait);
  if (!done)
    log_.warn("how far dead letters are settled could not be committed: the next reading takes longer",
              {{"error", loom::to_string(done.error())}});
}

}  // namespace loom::books
