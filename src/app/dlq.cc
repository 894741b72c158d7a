// loom dlq list/show: dead letters, grouped by what killed them; each origin counts once.
#include "app/dlq.h"

#include <cstdio>
#include <fstream>
#include <set>
#include <tuple>

#include "app/commands.h"
#include "app/group_of.h"
#include "app/records.h"
#include "books/desk.h"
#include "runner/headers.h"

namespace loom::app {
namespace {

using books::LetterFate;
using books::Letter;

struct Cause {
  std::string group, kind, code, field;
  friend auto operator<=>(const Cause&, const Cause&) = default;
};
struct Letters {
  std::map<LetterFate, std::size_t> counts;
  std::size_t replayed_before = 0;  // open ones that died again
  std::string message, example;
  std::int64_t first_ms = 0, last_ms = 0;
  std::map<std::string, std::size_t> topics;
};
using Causes = std::map<Cause, Letters>;
using Origins = std::set<std::tuple<ConsumerGroup, books::Place, std::string>>;

std::string origin_of(const Letter& letter) {
  return letter.origin ? letter.origin->partition.topic.get() : "(unknown)";
}

void add(Causes& causes, const Letter& letter, LetterFate fate) {
  auto& letters = causes[{letter.group.get(), letter.kind, letter.code, letter.field}];
  ++letters.counts[fate];
  ++letters.topics[origin_of(letter)];
  if (letters.first_ms == 0 || letter.written_ms < letters.first_ms) letters.first_ms = letter.written_ms;
  letters.last_ms = std::max(letters.last_ms, letter.written_ms);
  if (fate == LetterFate::open && letter.replays > 0) ++letters.replayed_before;
  if (letters.example.empty()) letters.message = letter.message, letters.example = to_string(letter.at);
}

Result<Causes> causes_of(books::Desk& desk, books::Desk::Scope scope) {
  Causes causes;
  Origins seen;
  auto done = desk.each(scope, [&](const model::Record& record, const Letter& letter) {
    auto fate = desk.settled().fate_of(letter);
    if (fate != LetterFate::open && scope == books::Desk::Scope::open) return true;
    auto message_id = std::string(record.header(runner::header::message_id).value_or(""));
    bool is_new = !letter.origin || seen.emplace(letter.group, *letter.origin, std::move(message_id)).second;
    if (is_new) add(causes, letter, fate);
    return true;
  });
  if (!done) return tl::unexpected<Error>(done.error());
  return causes;
}

std::string to_json(const Cause& cause, const Letters& letters) {
  auto count = [&](LetterFate fate) {
    auto found = letters.counts.find(fate);
    return found == letters.counts.end() ? 0 : found->second;
  };
  json::Writer topics;
  for (const auto& [topic, records] : letters.topics) topics.field(topic, records);
  return json::Writer{}
      .field("group", cause.group)
      .field("kind", cause.kind)
      .field("code", cause.code)
      .field("field", cause.field)
      .field("count", count(LetterFate::open))
      .field("replayed", count(LetterFate::replayed))
      .field("dropped", count(LetterFate::dropped))
      .field("died_again", letters.replayed_before)
      .field("message", letters.message)
      .field("first", to_rfc3339(letters.first_ms * 1000))
      .field("last", to_rfc3339(letters.last_ms * 1000))
      .field("example", letters.example)
      .raw("topics", topics.text())
      .text();
}

void print(const Cause& cause, const Letters& letters) {
  std::string counts;
  for (const auto& [fate, count] : letters.counts)
    counts += (counts.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(name_of(fate));
  std::printf("%s: %s  %s%s%s\n", counts.c_str(), cause.group.c_str(), cause.kind.c_str(),
              cause.code.empty() ? "" : (" " + cause.code).c_str(),
              cause.field.empty() ? "" : (" in " + cause.field).c_str());
  for (const auto& [topic, count] : letters.topics) std::printf("        from %s: %zu\n", topic.c_str(), count);
  if (letters.replayed_before > 0) std::printf("        %zu of them were replayed before\n", letters.replayed_before);
  std::printf("        %s\n        %s … %s; show one: loom dlq show %s\n", letters.message.c_str(),
              to_rfc3339(letters.first_ms * 1000).c_str(), to_rfc3339(letters.last_ms * 1000).c_str(),
              letters.example.c_str());
}

// --- show ---

std::string fate_text(const std::optional<books::Note>& note) {
  if (!note) return "open";
  return std::string(name_of(note->fate)) + (note->reason.empty() ? "" : ": " + note->reason);
}

std::string letter_json(const model::Record& record, const std::optional<books::Note>& note) {
  auto text = record_json(record);
  text.pop_back();
  auto fate = json::Writer{}.field("fate", name_of(note ? note->fate : LetterFate::open)).field("reason", note ? note->reason : "");
  return text + "," + fate.text().substr(1);
}

void print(const model::Record& record, const Letter& letter, const std::optional<books::Note>& note) {
  std::printf("%s  %s\n", to_string(letter.at).c_str(), fate_text(note).c_str());
  if (record.key()) std::printf("  key: %s\n", is_utf8(*record.key()) ? std::string(*record.key()).c_str() : ("base64:" + base64_encode(*record.key())).c_str());
  for (const auto& [name, value] : record.headers())
    std::printf("  %s: %s\n", name.c_str(), is_utf8(value) ? value.c_str() : ("base64:" + base64_encode(value)).c_str());
  std::printf("  %s\n", shortened(record.value(), 400).c_str());
}

/// The value as it is, to a file or to standard output.
Result<void> write_bytes(std::string_view value, const std::string& path) {
  if (path.empty()) {
    std::fwrite(value.data(), 1, value.size(), stdout);
    return {};
  }
  std::ofstream file(path, std::ios::binary);
  file.write(value.data(), static_cast<std::streamsize>(value.size()));
  if (file.flush()) return {};
  return fail(ErrorKind::unavailable, "file '" + path + "' can't be written", {.remedy = "name another with --out"});
}

/// Every letter that the id may mean: by its own place, by its origin's, or by the message.
Result<void> each_named(books::Desk& desk, const std::string& id, const books::Desk::Visit& visit) {
  auto place = books::parse_place(id);
  if (place && place->partition.topic.get().starts_with(model::dead_letters_of(ConsumerGroup{}).get()))
    return desk.one(*place, visit);
  return desk.each(books::Desk::Scope::all, [&](const model::Record& record, const Letter& letter) {
    bool is_meant = place ? letter.origin == place : record.header(runner::header::message_id) == id;
    return !is_meant || visit(record, letter);
  });
}

Result<void> show(books::Desk& desk, const Common& common, const DlqOptions& options) {
  std::size_t found = 0;
  std::string raw;
  auto done = each_named(desk, options.id, [&](const model::Record& record, const Letter& letter) {
    ++found;
    auto note = desk.settled().find(letter);
    if (options.raw || !options.out.empty())
      raw = record.value();
    else if (common.json)
      std::printf("%s\n", letter_json(record, note).c_str());
    else
      print(record, letter, note);
    return true;
  });
  if (!done) return done;
  if (found == 0)
    return fail(ErrorKind::not_found, "no dead letter '" + options.id + "'",
                {.remedy = "see 'loom dlq list' for those there are"});
  if (!options.raw && options.out.empty()) return {};
  if (found > 1)
    return fail(ErrorKind::usage, std::to_string(found) + " dead letters of '" + options.id + "'",
                {.remedy = "name one by its topic:partition:offset, which 'loom dlq show' tells"});
  return write_bytes(raw, options.out);
}

Result<std::unique_ptr<books::Desk>> open_desk(const Loaded& loaded, const std::string& group) {
  auto groups = groups_named(loaded.catalogue, group);
  if (!groups) return tl::unexpected<Error>(groups.error());
  return books::Desk::open(loaded.catalogue.kafka, *groups, tool_log(loaded.catalogue, "dlq"));
}

}  // namespace

Result<std::vector<ConsumerGroup>> groups_named(const model::Catalogue& catalogue, const std::string& group) {
  std::vector<ConsumerGroup> groups;
  for (const auto& [name, stage] : catalogue.stages)
    if (group.empty() || group == name.get()) groups.push_back(name);
  if (groups.empty() && !group.empty()) return tl::unexpected<Error>(no_such_group(catalogue, group));
  return groups;
}

int dlq_list_command(const Common& common, const DlqOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto desk = open_desk(*loaded, options.group);
  if (!desk) return report(desk.error());
  auto causes = causes_of(**desk, options.all ? books::Desk::Scope::all : books::Desk::Scope::open);
  if (!causes) return report(causes.error());
  if (common.json) {
    std::vector<std::string> rows;
    for (const auto& [cause, letters] : *causes) rows.push_back(to_json(cause, letters));
    std::printf("%s\n", json::array_of(rows).c_str());
    return 0;
  }
  if (causes->empty()) std::printf(options.all ? "no dead letters\n" : "no open dead letters\n");
  for (const auto& [cause, letters] : *causes) print(cause, letters);
  return 0;
}

int dlq_show_command(const Common& common, const DlqOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto desk = open_desk(*loaded, "");
  if (!desk) return report(desk.error());
  auto done = show(**desk, common, options);
  return done ? 0 : report(done.error());
}

}  // namespace loom::app
