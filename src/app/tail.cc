// loom tail: a topic's records as a person can read them; long strings (pictures, audio) are shown by their size.
#include <cstdio>
#include <string>

#include "app/commands.h"
#include "app/records.h"
#include "books/ranges.h"
#include "kafka/admin.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;

Result<std::map<model::TopicPartition, kafka::Range>> ranges_of(kafka::Admin& admin, const TailOptions& options) {
  std::map<model::TopicPartition, kafka::Range> ranges;
  auto partitions = books::partitions_of(admin, {TopicName{options.topic}});
  if (!partitions) return tl::unexpected(partitions.error());
  if (partitions->empty()) {
    auto names = admin.topic_names(10s);
    std::vector<std::string> known;
    for (const auto& name : names.value_or(std::vector<TopicName>{})) known.push_back(name.get());
    auto near = nearest(options.topic, known);
    return fail(
        ErrorKind::not_found, "topic '" + options.topic + "' does not exist",
        {.remedy = near.empty() ? "run 'loom topics plan' to see what there is" : "did you mean '" + near + "'?"});
  }
  auto marks = admin.watermarks(*partitions, 10s);
  if (!marks) return tl::unexpected(marks.error());
  for (const auto& [partition, mark] : *marks) {
    auto from = mark.high.get();
    if (options.from == "earliest") from = mark.low.get();
    if (options.from.starts_with('-')) {
      auto back = config::parse_duration(options.from.substr(1));
      from = std::max<std::int64_t>(mark.low.get(), mark.high.get() - std::atoll(options.from.c_str() + 1));
      if (back && !std::isdigit(static_cast<unsigned char>(options.from.back()))) {
        auto at = admin.offsets_at({partition}, now_micros() / 1000 - back->count(), 10s);
        if (!at) return tl::unexpected(at.error());
        from = (*at)[partition].get();
      }
    }
    if (options.exit_at_end && from >= mark.high.get()) continue;
    ranges[partition] = {Offset{from}, options.exit_at_end ? mark.high : Offset{-1}};
  }
  return ranges;
}

}  // namespace

int tail_command(const Common& common, const TailOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto log = tool_log(loaded->catalogue, "tail");
  auto admin = kafka::Admin::open(loaded->catalogue.kafka, log);
  if (!admin) return report(admin.error());
  auto ranges = ranges_of(**admin, options);
  if (!ranges) return report(ranges.error());
  const auto& stop = stop_on_signals();
  auto visit = [&](const model::Record* record) {
    if (stop) return false;
    if (!record) return std::fflush(stdout) == 0;
    if (!options.type.empty() && record->header("message_type").value_or("") != options.type) return true;
    if (!options.grep.empty() && record->value().find(options.grep) == std::string_view::npos) return true;
    auto line = common.json ? record_json(*record) : record_line(*record);
    return std::fprintf(stdout, "%s\n", line.c_str()) >= 0;
  };
  if (!ranges->empty())
    if (auto done = kafka::read(loaded->catalogue.kafka, *ranges, visit, log); !done) return report(done.error());
  return 0;
}

}  // namespace loom::app
