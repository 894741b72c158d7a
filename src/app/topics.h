// loom topics plan/apply, and what `up` and `check` share with it. Nothing is ever taken away: topics that the
// catalogue does not name are left alone. Threads: any. Errors: unavailable (no broker), or what the broker refuses.
//   auto applied = apply_topics(*admin, loaded.catalogue, {.allow_reorder = false});
#pragma once

#include <string>
#include <vector>

#include "app/topics_plan.h"
#include "app/wiring.h"
#include "base/log.h"

namespace loom::app {

struct TopicsOptions {
  bool apply = false, allow_reorder = false;
};

struct AppliedTopics {
  std::vector<TopicChange> done, left;  // left: notes, and partitions without --allow-reorder
  std::vector<std::string> notes;       // what the broker did not allow, and is no failure
};
/// `admin` talks to the catalogue's cluster. Safe to run from several processes at once.
Result<AppliedTopics> apply_topics(kafka::Admin& admin, const model::Catalogue& catalogue,
                                   const TopicsOptions& options);
/// Gives the stages' groups a session timeout of 6 s where the broker allows it. Returns what it did not allow, as
/// notes.
std::vector<std::string> apply_groups(kafka::Admin& admin, const model::Catalogue& catalogue);

int topics_command(const Common& common, const TopicsOptions& options);

}  // namespace loom::app
