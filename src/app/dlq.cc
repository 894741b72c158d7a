// loom dlq list/show: dead letters, grouped by what killed them.
#include <cstdio>
#include <tuple>

#include "app/commands.h"
#include "app/records.h"
#include "runner/headers.h"

namespace loom::app {
namespace {

struct Cause {
  std::string group, kind, code, field;
  friend auto operator<=>(const Cause&, const Cause&) = default;
};
struct Letters {
  std::size_t count = 0;
  std::string message, example, first, last;
  std::map<std::string, std::size_t> topics;
};

std::string header_of(const model::Record& record, std::string_view name) {
  return std::string(record.header(name).value_or(""));
}

std::vector<TopicName> dead_letter_topics(const model::Catalogue& catalogue, const std::string& group) {
  std::vector<TopicName> topics;
  for (const auto& [name, stage] : catalogue.stages)
    if (group.empty() || group == name.get()) topics.push_back(model::dead_letters_of(name));
  return topics;
}

Result<std::vector<TopicName>> checked_topics(const model::Catalogue& catalogue, const std::string& group) {
  auto topics = dead_letter_topics(catalogue, group);
  if (!topics.empty()) return topics;
  std::vector<std::string> known;
  for (const auto& [name, stage] : catalogue.stages) known.push_back(name.get());
  auto near = nearest(group, known);
  return fail(ErrorKind::usage, "no consumer group '" + group + "' in the configuration",
              {.remedy = near.empty() ? "see the keys under 'stages'" : "did you mean '" + near + "'?"});
}

void add(std::map<Cause, Letters>& causes, const model::Record& record) {
  Cause cause{header_of(record, runner::header::group), header_of(record, runner::header::error_kind),
              header_of(record, runner::header::error_code), header_of(record, runner::header::error_field)};
  auto& letters = causes[cause];
  ++letters.count;
  ++letters.topics[header_of(record, runner::header::origin_topic)];
  auto time = to_rfc3339(record.timestamp_ms() * 1000);
  if (letters.first.empty() || time < letters.first) letters.first = time;
  if (time > letters.last) letters.last = time;
  if (letters.example.empty()) {
    letters.message = header_of(record, runner::header::error_message);
    letters.example = std::string(record.topic()) + ":" + std::to_string(record.partition().get()) + ":" +
                      std::to_string(record.offset().get());
  }
}

std::string to_json(const Cause& cause, const Letters& letters) {
  json::Writer topics;
  for (const auto& [topic, count] : letters.topics) topics.field(topic, count);
  return json::Writer{}
      .field("group", cause.group)
      .field("kind", cause.kind)
      .field("code", cause.code)
      .field("field", cause.field)
      .field("count", letters.count)
      .field("message", letters.message)
      .field("first", letters.first)
      .field("last", letters.last)
      .field("example", letters.example)
      .raw("topics", topics.text())
      .text();
}

bool is_wanted(const model::Record& record, const std::string& id) {
  if (record.header("message_id").value_or("") == id) return true;
  auto at = [&](std::string_view topic, std::string_view partition, std::string_view offset) {
    return std::string(topic) + ":" + std::string(partition) + ":" + std::string(offset) == id;
  };
  return at(record.topic(), std::to_string(record.partition().get()), std::to_string(record.offset().get())) ||
         at(header_of(record, runner::header::origin_topic), header_of(record, runner::header::origin_partition),
            header_of(record, runner::header::origin_offset));
}

}  // namespace

int dlq_list_command(const Common& common, const DlqOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto topics = checked_topics(loaded->catalogue, options.group);
  if (!topics) return report(topics.error());
  std::map<Cause, Letters> causes;
  auto done = read_all(
      loaded->catalogue.kafka, *topics, [&](const model::Record& record) { add(causes, record); },
      tool_log(loaded->catalogue, "dlq"));
  if (!done) return report(done.error());
  if (common.json) {
    std::vector<std::string> rows;
    for (const auto& [cause, letters] : causes) rows.push_back(to_json(cause, letters));
    std::printf("%s\n", json::array_of(rows).c_str());
    return 0;
  }
  if (causes.empty()) std::printf("no dead letters\n");
  for (const auto& [cause, letters] : causes) {
    std::printf("%6zu  %s  %s%s%s\n", letters.count, cause.group.c_str(), cause.kind.c_str(),
                cause.code.empty() ? "" : (" " + cause.code).c_str(),
                cause.field.empty() ? "" : (" in " + cause.field).c_str());
    for (const auto& [topic, count] : letters.topics) std::printf("        from %s: %zu\n", topic.c_str(), count);
    std::printf("        %s\n        %s … %s; show one: loom dlq show %s\n", letters.message.c_str(),
                letters.first.c_str(), letters.last.c_str(), letters.example.c_str());
  }
  return 0;
}

int dlq_show_command(const Common& common, const DlqOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  std::size_t found = 0;
  auto show = [&](const model::Record& record) {
    if (!is_wanted(record, options.id)) return;
    ++found;
    if (common.json) {
      std::printf("%s\n", record_json(record).c_str());
      return;
    }
    std::printf("%s:%d:%lld\n", std::string(record.topic()).c_str(), record.partition().get(),
                static_cast<long long>(record.offset().get()));
    for (const auto& [name, value] : record.headers())
      std::printf("  %s: %s\n", name.c_str(),
                  is_utf8(value) ? value.c_str() : ("base64:" + base64_encode(value)).c_str());
    std::printf("  %s\n", shortened(record.value(), 400).c_str());
  };
  auto done = read_all(loaded->catalogue.kafka, dead_letter_topics(loaded->catalogue, ""), show,
                       tool_log(loaded->catalogue, "dlq"));
  if (!done) return report(done.error());
  if (found > 0) return 0;
  return report(Error{ErrorKind::not_found, "no dead letter '" + options.id + "'", "",
                      "see 'loom dlq list' for those there are", ""})
             ? 65
             : 65;
}

}  // namespace loom::app
