// loom verify: the proof of the books, printed. Exit 0: it holds; 1: it does not.
#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "base/clock.h"
#include "books/report.h"
#include "stages/kinds.h"

namespace loom::app {
namespace {

/// "-5m" from now, or a time.
Result<std::optional<std::int64_t>> time_of(const std::string& option, const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>{};
  if (text.starts_with('-'))
    if (auto back = config::parse_duration(text.substr(1))) return std::optional(now_micros() / 1000 - back->count());
  if (auto time = parse_time(text)) return std::optional(*time / 1000);
  return fail(ErrorKind::usage, option + " '" + text + "' is no time",
              {.remedy = "write 2026-11-23T12:00:00Z, or -5m for five minutes ago"});
}

Result<books::VerifyOptions> options_of(const VerifyOptions& options) {
  books::VerifyOptions made;
  auto since = time_of("--since", options.since), until = time_of("--until", options.until);
  if (!since) return tl::unexpected(since.error());
  if (!until) return tl::unexpected(until.error());
  made.period = {*since, *until};
  auto memory = config::parse_bytes(options.memory);
  if (!memory || memory->count < 1 << 20)
    return fail(ErrorKind::usage, "--memory '" + options.memory + "' is no size", {.remedy = "write 256MiB"});
  made.memory = memory->count;
  made.receipts = options.receipts;
  made.shown = static_cast<std::size_t>(options.show);
  if (isatty(STDERR_FILENO))
    made.progress = [](std::int64_t done, std::int64_t all) {
      std::fprintf(stderr, "\rread %lld of %lld records ", static_cast<long long>(done), static_cast<long long>(all));
    };
  return made;
}

Result<books::Proof> prove(const Loaded& loaded, const books::Plan& plan, const books::VerifyOptions& options) {
  auto log = tool_log(loaded.catalogue, "verify");
  auto admin = kafka::Admin::open(loaded.catalogue.kafka, log);
  if (!admin) return tl::unexpected(admin.error());
  std::unique_ptr<sink::Database> database;
  if (loaded.catalogue.store()) {
    auto opened = sink::open_database(loaded.catalogue.database.url, loaded.catalogue.folder, log);
    if (!opened) return tl::unexpected(opened.error());
    database = *std::move(opened);
  }
  return books::verify({**admin, loaded.catalogue, database.get(), log}, loaded.mappings, plan, options);
}

}  // namespace

books::Plan books_plan(const Loaded& loaded) {
  std::map<ConsumerGroup, std::chrono::milliseconds> lookbacks;
  for (const auto& [group, stage] : loaded.catalogue.stages)
    if (const auto* kind = stages::find_kind(stage.use); kind && kind->lookback.count() > 0)
      lookbacks[group] = kind->lookback;
  return books::plan_of(loaded.catalogue, loaded.mappings, lookbacks);
}

int verify_command(const Common& common, const VerifyOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto wanted = options_of(options);
  if (!wanted) return report(wanted.error());
  auto plan = books_plan(*loaded);
  auto proof = prove(*loaded, plan, *wanted);
  if (isatty(STDERR_FILENO)) std::fprintf(stderr, "\r\033[K");
  if (!proof) return report(proof.error());
  std::printf("%s", common.json ? (books::proof_json(plan, *proof) + "\n").c_str()
                                : books::proof_text(plan, *proof).c_str());
  return proof->tally.holds() ? 0 : 1;
}

}  // namespace loom::app
