// loom dlq replay/drop: the words of the command line into what books/settler.h does, and its counts back into words.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "app/books.h"
#include "app/commands.h"
#include "app/dlq.h"
#include "base/bytes.h"
#include "books/desk.h"
#include "books/settler.h"
#include "loom/json.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;

std::optional<std::string> given(const std::string& word) {
  return word.empty() ? std::nullopt : std::optional(word);
}

Result<void> check_kind(const std::string& kind) {
  std::vector<std::string> known;
  for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i)
    known.emplace_back(traits_of(static_cast<ErrorKind>(i)).name);
  if (std::find(known.begin(), known.end(), kind) != known.end()) return {};
  auto near = nearest(kind, known);
  return fail(ErrorKind::usage, "no kind of error is called '" + kind + "'",
              {.remedy = near.empty() ? "see 'loom dlq list' for those there are" : "did you mean '" + near + "'?"});
}

Result<books::Filter> filter_of(const SettleWords& words) {
  books::Filter filter;
  filter.kind = given(words.kind), filter.code = given(words.code), filter.field = given(words.field);
  filter.topic = given(words.topic), filter.key = given(words.key), filter.message_id = given(words.message_id);
  if (filter.kind)
    if (auto known = check_kind(*filter.kind); !known) return tl::unexpected<Error>(known.error());
  if (!words.letter.empty()) {
    filter.place = books::parse_place(words.letter);
    if (!filter.place)
      return fail(ErrorKind::usage, "'" + words.letter + "' names no letter",
                  {.remedy = "write topic:partition:offset, as 'loom dlq list' shows it"});
  }
  auto since = time_of_option("--since", words.since), until = time_of_option("--until", words.until);
  if (!since) return tl::unexpected<Error>(since.error());
  if (!until) return tl::unexpected<Error>(until.error());
  filter.since_ms = *since, filter.until_ms = *until;
  return filter;
}

/// "100" or "100/s"; 0 where there is none.
Result<double> rate_of(const std::string& word) {
  if (word.empty()) return 0;
  double rate = 0;
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), rate);
  std::string_view rest(end, static_cast<std::size_t>(word.data() + word.size() - end));
  if (error != std::errc() || (!rest.empty() && rest != "/s") || !(rate > 0))
    return fail(ErrorKind::usage, "--rate '" + word + "' is no rate", {.remedy = "write letters a second: 100/s"});
  return rate;
}

/// An object, so that the message stays one; the identity is not for a patch to change.
Result<std::string> patch_of(const std::string& word) {
  if (word.empty()) return word;
  std::string text = word;
  if (word.find_first_not_of(" \t\r\n") == std::string::npos || word[word.find_first_not_of(" \t\r\n")] != '{') {
    std::ifstream file(word, std::ios::binary);
    if (!file)
      return fail(ErrorKind::usage, "--patch file '" + word + "' can't be read",
                  {.remedy = "name a file, or write the JSON object itself"});
    text = (std::ostringstream() << file.rdbuf()).str();
  }
  json::Document document;
  auto parsed = document.parse(text, {.depth = 512, .allow_nul = true});
  if (!parsed) return fail(ErrorKind::usage, "--patch is no JSON: " + parsed.error().message, {.remedy = "mend it"});
  if (!parsed->is_object())
    return fail(ErrorKind::usage, "--patch is no JSON object",
                {.remedy = R"(write a merge patch as RFC 7396 has it, e.g. {"data":{"n":7}})"});
  for (const auto* name : {"message_id", "part"})
    if (parsed->get(name))
      return fail(ErrorKind::usage, "--patch would change '" + std::string(name) + "', and a replay keeps its identity",
                  {.remedy = "leave it out"});
  return text;
}

Result<books::SettleOptions> options_of(books::LetterFate fate, const SettleWords& words) {
  books::SettleOptions options;
  options.fate = fate;
  auto filter = filter_of(words);
  auto rate = rate_of(words.rate);
  auto patch = patch_of(words.patch);
  if (!filter) return tl::unexpected<Error>(filter.error());
  if (!rate) return tl::unexpected<Error>(rate.error());
  if (!patch) return tl::unexpected<Error>(patch.error());
  options.filter = std::move(*filter);
  options.rate = *rate;
  options.patch = std::move(*patch);
  options.reason = words.reason;
  options.most_replays = words.max_replays;
  options.dry_run = words.dry_run;
  return options;
}

Result<std::unique_ptr<kafka::Producer>> open_producer(const model::ClusterSettings& settings, const Log& log) {
  kafka::ProducerOptions options;
  options.delivery_timeout = 30s;
  options.max_message_bytes = 64u << 20;  // the topic's own limit decides
  return kafka::Producer::open(settings, options, log);
}

std::string to_json(const books::Settlement& done, const books::SettleOptions& options) {
  json::Writer problems;
  for (const auto& [problem, count] : done.problems) problems.field(problem, count);
  return json::Writer{}
      .field("action", options.fate == books::LetterFate::replayed ? "replay" : "drop")
      .field("dry_run", options.dry_run)
      .field("matched", done.matched)
      .field("settled", done.settled)
      .field("guarded", done.guarded)
      .field("refused", done.refused)
      .field("identity_conflicts", done.conflicts)
      .raw("problems", problems.text())
      .text();
}

void print(const books::Settlement& done, const books::SettleOptions& options) {
  bool is_replay = options.fate == books::LetterFate::replayed;
  if (done.matched == 0) return (void)std::printf("no open dead letter matches\n");
  std::printf("%s %zu of %zu dead letters that match\n",
              is_replay ? (options.dry_run ? "would replay" : "replayed") : (options.dry_run ? "would drop" : "dropped"),
              done.settled, done.matched);
  if (done.guarded > 0)
    std::printf("left open: %zu that were replayed %d times already (--max-replays)\n", done.guarded,
                options.most_replays);
  for (const auto& [problem, count] : done.problems) std::printf("left open: %zu: %s\n", count, problem.c_str());
  if (done.conflicts > 0)
    std::printf("note: %zu are identity conflicts: their row is there with other content, so they will die again; mend "
                "the row or drop them\n",
                done.conflicts);
}

Result<books::Settlement> settle(const Loaded& loaded, const std::vector<ConsumerGroup>& groups,
                                 const books::SettleOptions& options, const std::atomic<bool>& stop) {
  auto log = tool_log(loaded.catalogue, "dlq");
  auto desk = books::Desk::open(loaded.catalogue.kafka, groups, log);
  if (!desk) return tl::unexpected<Error>(desk.error());
  if (auto can = (*desk)->check_notes(); !can && !options.dry_run) return tl::unexpected<Error>(can.error());
  auto producer = open_producer(loaded.catalogue.kafka, log);
  if (!producer) return tl::unexpected<Error>(producer.error());
  books::Settler settler({(*desk)->cluster_id(), (*desk)->settled(), **producer,
                          [&](const kafka::Offsets& next) { (*desk)->commit(next); }, stop},
                         options);
  auto read = (*desk)->each(books::Desk::Scope::open, [&](const model::Record& record, const books::Letter& letter) {
    return settler.take(record, letter);
  });
  auto done = settler.finish();
  if (done && !read) return tl::unexpected<Error>(read.error());
  return done;
}

int settle_command(const Common& common, books::LetterFate fate, const SettleWords& words) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto groups = groups_named(loaded->catalogue, words.group);
  if (!groups) return report(groups.error());
  auto options = options_of(fate, words);
  if (!options) return report(options.error());
  const auto& stop = stop_on_signals();
  auto done = settle(*loaded, *groups, *options, stop);
  if (!done) return report(done.error());
  if (common.json)
    std::printf("%s\n", to_json(*done, *options).c_str());
  else
    print(*done, *options);
  if (stop) return report(Error{ErrorKind::timeout, "stopped before the end", "", "run it again: it goes on there", ""});
  if (done->matched == 0 && !words.letter.empty()) return 65;
  return done->refused > 0 ? 65 : 0;
}

}  // namespace

int dlq_replay_command(const Common& common, const SettleWords& words) {
  return settle_command(common, books::LetterFate::replayed, words);
}

int dlq_drop_command(const Common& common, const SettleWords& words) {
  return settle_command(common, books::LetterFate::dropped, words);
}

}  // namespace loom::app
