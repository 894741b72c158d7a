#include "app/books.h"

#include <unistd.h>

#include <cstdio>

#include "base/clock.h"
#include "books/when.h"
#include "stages/kinds.h"

namespace loom::app {

books::Plan books_plan(const Loaded& loaded) {
  std::map<ConsumerGroup, std::chrono::milliseconds> lookbacks;
  for (const auto& [group, stage] : loaded.catalogue.stages)
    if (const auto* kind = stages::find_kind(stage.use); kind && kind->lookback.count() > 0)
      lookbacks[group] = kind->lookback;
  return books::plan_of(loaded.catalogue, loaded.mappings, lookbacks);
}

Result<OpenedSources> open_sources(const Loaded& loaded, const std::string& part) {
  OpenedSources opened;
  opened.log = tool_log(loaded.catalogue, part);
  auto admin = kafka::Admin::open(loaded.catalogue.kafka, opened.log);
  if (!admin) return tl::unexpected(admin.error());
  opened.admin = *std::move(admin);
  if (!loaded.catalogue.store()) return opened;
  auto database = sink::open_database(loaded.catalogue.database.url, loaded.catalogue.folder, opened.log);
  if (!database) return tl::unexpected(database.error());
  opened.database = *std::move(database);
  return opened;
}

Result<std::optional<std::int64_t>> time_of_option(const std::string& option, const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>{};
  if (auto time = books::parse_when(text, now_micros())) return std::optional(*time / 1000);
  return fail(ErrorKind::usage, option + " '" + text + "' is no time", {.remedy = books::time_remedy});
}

void tell_progress(std::int64_t done, std::int64_t all) {
  std::fprintf(stderr, "\rread %lld of %lld records ", static_cast<long long>(done), static_cast<long long>(all));
}

void clear_progress() {
  if (isatty(STDERR_FILENO)) std::fprintf(stderr, "\r\033[K");
}

}  // namespace loom::app
