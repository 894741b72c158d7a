// loom trace: every hop of one message, printed.
#include <unistd.h>

#include <cstdio>

#include "app/books.h"
#include "app/commands.h"
#include "app/otlp.h"
#include "books/spans.h"
#include "books/trace.h"

namespace loom::app {

int trace_command(const Common& common, const TraceOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  books::TraceWanted wanted{.id = options.id, .device = options.device, .near_ms = std::nullopt};
  auto near = time_of_option("--near", options.near);
  if (!near) return report(near.error());
  wanted.near_ms = *near;
  if (options.id.empty() == options.device.empty())
    return report(Error{ErrorKind::usage, "a trace needs a message id, a place or a device", "",
                        "write 'loom trace ID', 'loom trace topic:partition:offset' or 'loom trace --device D --near TIME'",
                        ""});
  if (isatty(STDERR_FILENO)) wanted.progress = tell_progress;
  auto plan = books_plan(*loaded);
  auto opened = open_sources(*loaded, "trace");
  if (!opened) return report(opened.error());
  auto trace = books::trace_message(opened->sources(*loaded), loaded->mappings, plan, wanted);
  clear_progress();
  if (!trace) return report(trace.error());
  auto text = common.json ? books::trace_json(plan, *trace) + "\n" : books::trace_text(plan, *trace);
  std::printf("%s", text.c_str());
  if (options.otlp.empty()) return 0;
  auto sent = send_spans(options.otlp, books::spans_json(plan, *trace));
  return sent ? 0 : report(sent.error());
}

}  // namespace loom::app
