// What the commands that read the books share: their plan, the cluster and database they read, and how they are asked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/wiring.h"
#include "books/open_books.h"

namespace loom::app {

/// What the books account for, with the lookbacks of the stage kinds.
[[nodiscard]] books::Plan books_plan(const Loaded& loaded);

struct OpenedSources {
  std::unique_ptr<kafka::Admin> admin;
  std::unique_ptr<sink::Database> database;  // none: nothing is stored
  Log log = Log::silent();
  [[nodiscard]] books::Sources sources(const Loaded& loaded) const {
    return {*admin, loaded.catalogue, database.get(), log};
  }
};
[[nodiscard]] Result<OpenedSources> open_sources(const Loaded& loaded, const std::string& part);

/// "-5m" from now, or a time, in milliseconds; nullopt for "". Errors: usage.
[[nodiscard]] Result<std::optional<std::int64_t>> time_of_option(const std::string& option, const std::string& text);

/// On stderr where somebody looks at it; made to be cleared.
void tell_progress(std::int64_t done, std::int64_t all);
void clear_progress();

}  // namespace loom::app
