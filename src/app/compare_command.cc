// loom compare: what two groups made of the same messages, read from their output topics, dead letters and drops.
#include <cmath>
#include <cstdio>
#include <limits>

#include "app/books.h"
#include "app/commands.h"
#include "app/comparison.h"
#include "app/records.h"
#include "books/ranges.h"
#include "model/message.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_messages = 5000;  // kept to be compared; of more, a sample

struct Groups {
  std::array<const model::StageSpec*, 2> stages{};
  Micros since = std::numeric_limits<Micros>::min();
};

Result<const model::StageSpec*> stage_of(const model::Catalogue& catalogue, const std::string& group) {
  const auto* stage = catalogue.stage(group);
  if (stage && stage->output) return stage;
  if (stage)
    return fail(ErrorKind::usage, "group '" + group + "' has no output topic", {.remedy = "compare stages, not the sink"});
  std::vector<std::string> known;
  for (const auto& [name, other] : catalogue.stages) known.push_back(name.get());
  auto near = nearest(group, known);
  return fail(ErrorKind::usage, "no consumer group '" + group + "' in the configuration",
              {.remedy = near.empty() ? "see the keys under 'stages'" : "did you mean '" + near + "'?"});
}

Result<Groups> groups_of(const model::Catalogue& catalogue, const CompareOptions& options) {
  Groups groups;
  if (options.first == options.second)
    return fail(ErrorKind::usage, "a group can't be compared with itself", {.remedy = "name two groups on one topic"});
  for (std::size_t side : {0U, 1U}) {
    auto stage = stage_of(catalogue, side == 0 ? options.first : options.second);
    if (!stage) return tl::unexpected(stage.error());
    groups.stages[side] = *stage;
  }
  const auto& [a, b] = groups.stages;
  if (*a->input != *b->input)
    return fail(ErrorKind::usage, "'" + options.first + "' reads " + a->input->get() + " and '" + options.second + "' reads " + b->input->get(),
                {.remedy = "name two groups on one topic"});
  auto since_ms = time_of_option("--since", options.since);
  if (!since_ms) return tl::unexpected(since_ms.error());
  if (*since_ms) groups.since = **since_ms * 1000;
  return groups;
}

/// What lies in the topic and was written since then.
Result<void> read_since(const Loaded& loaded, const TopicName& topic, Micros since,
                        const std::function<void(const model::Record&)>& visit, const Log& log) {
  auto admin = kafka::Admin::open(loaded.catalogue.kafka, log);
  if (!admin) return tl::unexpected(admin.error());
  auto partitions = books::partitions_of(**admin, {topic});
  if (!partitions) return tl::unexpected(partitions.error());
  if (partitions->empty()) return {};
  auto marks = (*admin)->watermarks(*partitions, 10s);
  if (!marks) return tl::unexpected(marks.error());
  Result<kafka::Offsets> starts;
  if (since > 0) starts = (*admin)->offsets_at(*partitions, since / 1000, 10s);
  if (!starts) return tl::unexpected(starts.error());
  std::map<model::TopicPartition, kafka::Range> ranges;
  for (const auto& [partition, mark] : *marks) {
    auto start = starts->contains(partition) ? std::max((*starts)[partition], mark.low) : mark.low;
    if (start < mark.high) ranges[partition] = {start, mark.high};
  }
  if (ranges.empty()) return {};
  return kafka::read(
      loaded.catalogue.kafka, ranges,
      [&](const model::Record* record) {
        if (record) visit(*record);
        return true;
      },
      log);
}

/// The message as it was when the group read it: a dead letter or a drop is of its origin.
Result<void> read_side(const Loaded& loaded, const Groups& groups, std::size_t side, Comparison& to, const Log& log) {
  const auto& stage = *groups.stages[side];
  json::Document document;
  auto answered = [&](const model::Record& record) {
    auto message = model::decode(record, "", document);
    if (!message || message->timestamp < groups.since) return;
    auto results = message->value.get("results");
    auto own = results ? results->get(stage.group.get()) : std::nullopt;
    if (own && own->is_object()) to.add(side, message->identity, read_answer(*own));
  };
  auto ended = [&](End how) {
    return [&to, side, how](const model::Record& record) {
      if (record.header("message_id")) to.add(side, model::identity_of(record, ""), how);
    };
  };
  if (auto read = read_since(loaded, *stage.output, groups.since, answered, log); !read) return read;
  if (auto read = read_since(loaded, model::dead_letters_of(stage.group), groups.since, ended(End::dead), log); !read)
    return read;
  return read_since(loaded, model::drops_of(stage.group), groups.since, ended(End::dropped), log);
}

std::string to_json(const std::optional<double>& value) {
  if (!value) return "null";
  std::string text;
  json::append_number(text, std::round(*value * 10000) / 10000);
  return text;
}

std::string side_json(const ConsumerGroup& group, const Side& side) {
  json::Writer fields, all;
  for (const auto& [name, value] : side.answer.fields) fields.raw(name, value);
  all.field("group", group.get());
  if (side.answer.text) all.field("text", *side.answer.text);
  return all.raw("took_ms", to_json(side.answer.took_ms)).raw("fields", fields.text()).text();
}

std::string to_json(const Groups& groups, const Pair& pair) {
  std::vector<std::string> sides, differing;
  for (std::size_t side : {0U, 1U}) sides.push_back(side_json(groups.stages[side]->group, pair.sides[side]));
  for (const auto& name : pair.differing) json::append_string(differing.emplace_back(), name);
  return json::Writer{}
      .field("message_id", pair.identity.message_id)
      .field("part", pair.identity.part)
      .raw("letters", to_json(pair.letters))
      .raw("words", to_json(pair.words))
      .raw("differing", json::array_of(differing))
      .raw("sides", json::array_of(sides))
      .text();
}

void print_json(const Groups& groups, const Comparisons& all, bool is_sample, std::size_t shown) {
  std::vector<std::string> sides, pairs;
  for (std::size_t side : {0U, 1U})
    sides.push_back(json::Writer{}
                        .field("group", groups.stages[side]->group.get())
                        .field("only", all.only[side])
                        .field("dead", all.dead[side])
                        .field("dropped", all.dropped[side])
                        .raw("took_ms", to_json(all.took_ms[side]))
                        .text());
  json::Writer fields;
  for (const auto& [name, field] : all.fields)
    fields.raw(name, json::Writer{}
                         .field("both", field.both)
                         .field("equal", field.equal)
                         .raw("mean_difference", to_json(field.mean_difference))
                         .text());
  for (std::size_t i = 0; i < std::min(shown, all.pairs.size()); ++i) pairs.push_back(to_json(groups, all.pairs[i]));
  std::printf("%s\n", json::Writer{}
                          .field("topic", groups.stages[0]->input->get())
                          .field("messages", all.messages)
                          .field("is_sample", is_sample)
                          .field("both", all.both)
                          .raw("letters", to_json(all.letters))
                          .raw("words", to_json(all.words))
                          .raw("fields", fields.text())
                          .raw("groups", json::array_of(sides))
                          .raw("least_alike", json::array_of(pairs))
                          .text()
                          .c_str());
}

std::string percent(const std::optional<double>& value) {
  return value ? std::to_string(std::llround(*value * 100)) + " %" : "-";
}
std::string milliseconds(const std::optional<double>& value) {
  return value ? std::to_string(std::llround(*value)) + " ms" : "-";
}

void print_pair(const Groups& groups, const Pair& pair) {
  std::printf("\n%s%s%s", pair.identity.message_id.c_str(), pair.identity.part.empty() ? "" : " ", pair.identity.part.c_str());
  if (pair.letters) std::printf("  letters %s, words %s", percent(pair.letters).c_str(), percent(pair.words).c_str());
  std::printf("\n");
  for (std::size_t side : {0U, 1U}) {
    const auto& answer = pair.sides[side].answer;
    std::printf("  %s, %s\n", groups.stages[side]->group.get().c_str(), milliseconds(answer.took_ms).c_str());
    if (answer.text) {
      std::string text = *answer.text;
      for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 5) text.replace(at, 1, "\n    ");
      std::printf("    %s\n", text.c_str());
    }
    for (const auto& name : pair.differing)
      std::printf("    %s: %s\n", name.c_str(), answer.fields.at(name).c_str());
  }
}

void print(const Groups& groups, const Comparisons& all, bool is_sample, std::size_t shown) {
  std::printf("%s: %zu messages%s, both groups answered %zu\n", groups.stages[0]->input->get().c_str(), all.messages,
              is_sample ? " (a sample)" : "", all.both);
  for (std::size_t side : {0U, 1U})
    std::printf("  %-32s only here %zu, dead %zu, dropped %zu; took %s on average\n",
                groups.stages[side]->group.get().c_str(), all.only[side], all.dead[side], all.dropped[side],
                milliseconds(all.took_ms[side]).c_str());
  if (all.letters)
    std::printf("texts alike on average: letters %s, words %s\n", percent(all.letters).c_str(), percent(all.words).c_str());
  for (const auto& [name, field] : all.fields)
    std::printf("%s: the same in %zu of %zu%s\n", name.c_str(), field.equal, field.both,
                field.mean_difference ? (", apart " + to_json(field.mean_difference) + " on average").c_str() : "");
  for (std::size_t i = 0; i < std::min(shown, all.pairs.size()); ++i) print_pair(groups, all.pairs[i]);
}

}  // namespace

int compare_command(const Common& common, const CompareOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto groups = groups_of(loaded->catalogue, options);
  if (!groups) return report(groups.error());
  Comparison comparison(most_messages);
  for (std::size_t side : {0U, 1U})
    if (auto read = read_side(*loaded, *groups, side, comparison, tool_log(loaded->catalogue, "compare")); !read)
      return report(read.error());
  auto shown = static_cast<std::size_t>(std::max(options.limit, 0));
  auto all = comparison.compare();
  if (common.json) {
    print_json(*groups, all, comparison.is_sample(), shown);
  } else {
    print(*groups, all, comparison.is_sample(), shown);
  }
  return 0;
}

}  // namespace loom::app
