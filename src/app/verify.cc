// loom verify: the proof of the books, printed. Exit 0: it holds; 1: it does not.
#include <unistd.h>

#include <cstdio>

#include "app/books.h"
#include "app/commands.h"
#include "books/report.h"

namespace loom::app {
namespace {

Result<books::VerifyOptions> options_of(const VerifyOptions& options) {
  books::VerifyOptions made;
  auto since = time_of_option("--since", options.since), until = time_of_option("--until", options.until);
  if (!since) return tl::unexpected(since.error());
  if (!until) return tl::unexpected(until.error());
  made.period = {*since, *until};
  auto memory = config::parse_bytes(options.memory);
  if (!memory || memory->count < 1 << 20)
    return fail(ErrorKind::usage, "--memory '" + options.memory + "' is no size", {.remedy = "write 256MiB"});
  made.memory = memory->count;
  made.receipts = options.receipts;
  made.shown = static_cast<std::size_t>(options.show);
  if (isatty(STDERR_FILENO)) made.progress = tell_progress;
  return made;
}

}  // namespace

int verify_command(const Common& common, const VerifyOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto wanted = options_of(options);
  if (!wanted) return report(wanted.error());
  auto plan = books_plan(*loaded);
  auto opened = open_sources(*loaded, "verify");
  if (!opened) return report(opened.error());
  auto proof = books::verify(opened->sources(*loaded), loaded->mappings, plan, *wanted);
  clear_progress();
  if (!proof) return report(proof.error());
  auto text = common.json ? books::proof_json(plan, *proof) + "\n" : books::proof_text(plan, *proof);
  std::printf("%s", text.c_str());
  return proof->tally.holds() ? 0 : 1;
}

}  // namespace loom::app
