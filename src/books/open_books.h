// Takes the Scene from a cluster and a database: how far each group had settled first, then the ends of all topics.
// Threads: any; blocks for as long as the broker takes. Errors: unavailable, what an operator must mend.
//   auto scene = open_books({admin, settings, catalogue, database}, plan, {});
#pragma once

#include <optional>

#include "books/scene.h"
#include "kafka/admin.h"
#include "sink/database.h"

namespace loom::books {

struct Sources {
  kafka::Admin& admin;
  const model::Catalogue& catalogue;
  sink::Database* database = nullptr;  // none: the catalogue stores nothing
  Log log = Log::silent();
};
struct Period {
  std::optional<std::int64_t> since_ms, until_ms;
};

struct OpenedBooks {
  Scene scene;
  std::string cluster_id;
  std::vector<bool> is_there;  // by topic
};
[[nodiscard]] Result<OpenedBooks> open_books(const Sources& sources, const Plan& plan, const Period& period);

/// Every partition that has something to read, from where to where.
[[nodiscard]] std::map<model::TopicPartition, kafka::Range> ranges_of(const Scene& scene);

}  // namespace loom::books
