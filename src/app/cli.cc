#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <map>

#include "app/commands.h"
#include "app/lag.h"
#include "app/topics.h"
#include "app/up.h"

namespace loom::app {
namespace {

/// The parser and what its options fill; commands choose `action`.
struct CommandLine {
  CLI::App app{"Loom: messages from devices through models into a database, on Kafka", "loom"};
  Common common;
  std::string group;
  CheckOptions check;
  SendOptions send;
  TailOptions tail;
  DlqOptions dlq;
  VerifyOptions verify;
  TraceOptions trace;
  SettleWords settle;
  RewindOptions rewind;
  TablesOptions tables;
  CompareOptions compare;
  TopicsOptions topics;
  UpOptions up;
  std::function<int()> action;
};

CLI::App* add(CommandLine& line, CLI::App& parent, const std::string& name, const std::string& help,
              std::function<int()> action) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("--config", line.common.config, "the catalogue")->capture_default_str();
  command->callback([&line, action = std::move(action)] { line.action = action; });
  return command;
}

CLI::App* add_reporting(CommandLine& line, CLI::App& parent, const std::string& name, const std::string& help,
                        std::function<int()> action) {
  auto* command = add(line, parent, name, help, std::move(action));
  command->add_flag("--json", line.common.json, "print JSON");
  return command;
}

void add_parts(CommandLine& line) {
  auto* up = add(line, line.app, "up",
                 "run everything locally: Kafka if none answers, topics, tables, and every part as a child process",
                 [&line] { return up_command(line.common, line.up); });
  up->add_option("--scale", line.up.scale, "GROUP=N: so many instances of a consumer group");
  add(line, line.app, "api", "run the HTTP API", [&line] { return api_command(line.common); });
  auto* run = add(line, line.app, "run", "run the stage or sink of one consumer group",
                  [&line] { return run_command(line.common, line.group); });
  run->add_option("GROUP", line.group, "the consumer group, a key under 'stages'")->required();
}

void add_plans(CommandLine& line) {
  auto* check = add_reporting(line, line.app, "check", "prove the configuration before anything runs",
                              [&line] { return check_command(line.common, line.check); });
  check->add_flag("--offline", line.check.offline, "leave cluster, database and engines alone");
  auto* topics =
      line.app.add_subcommand("topics", "the catalogue's topics against the cluster's")->require_subcommand(1);
  auto* topics_plan = add_reporting(line, *topics, "plan", "show what differs",
                                    [&line] { return topics_command(line.common, line.topics); });
  auto* topics_apply = add_reporting(line, *topics, "apply", "make it so", [&line] {
    line.topics.apply = true;
    return topics_command(line.common, line.topics);
  });
  for (auto* command : {topics_plan, topics_apply})
    command->add_flag("--allow-reorder", line.topics.allow_reorder,
                      "add partitions to existing topics, which moves keys");
  auto* tables =
      line.app.add_subcommand("tables", "the mappings' tables against the database's")->require_subcommand(1);
  auto* tables_plan = add_reporting(line, *tables, "plan", "show what differs",
                                    [&line] { return tables_command(line.common, line.tables); });
  auto* tables_apply = add_reporting(line, *tables, "apply", "make it so", [&line] {
    line.tables.apply = true;
    return tables_command(line.common, line.tables);
  });
  for (auto* command : {tables_plan, tables_apply})
    command->add_flag("--allow-destructive", line.tables.allow_destructive, "allow changes that lose something");
}

void add_books(CommandLine& line) {
  auto* verify = add_reporting(line, line.app, "verify",
                               "prove that every message ended exactly once at every hop; exit 1 when the proof fails",
                               [&line] { return verify_command(line.common, line.verify); });
  verify->add_option("--since", line.verify.since, "judge only records from this time on: RFC 3339, or -5m");
  verify->add_option("--until", line.verify.until, "judge only records before this time");
  verify->add_option("--receipts", line.verify.receipts,
                     "a file that 'loom send --receipts' wrote: each message is where its client was told, and ended");
  verify->add_option("--memory", line.verify.memory, "what it may take in memory; what was read beyond it goes to a temporary file")
      ->capture_default_str();
  verify->add_option("--show", line.verify.show, "how many of those that break the proof are shown a hop")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void add_trace(CommandLine& line) {
  auto* trace = add_reporting(line, line.app, "trace",
                              "every hop of one message: where it lies, who handled it, how it ended, its rows",
                              [&line] { return trace_command(line.common, line.trace); });
  trace->add_option("ID", line.trace.id, "a message id, or topic:partition:offset of any of its records");
  trace->add_option("--device", line.trace.device, "instead of an id: the message of this device nearest to --near");
  trace->add_option("--near", line.trace.near,
                    "RFC 3339, or -5m: where to look for an id that Loom did not make, or for the device; default now");
  trace->add_option("--otlp", line.trace.otlp,
                    "send the spans too, by OTLP/HTTP (JSON), to this collector, such as http://127.0.0.1:4318; its keys are "
                    "taken from OTEL_EXPORTER_OTLP_HEADERS");
}

void add_clients(CommandLine& line) {
  auto* send = add_reporting(line, line.app, "send", "send messages of one type and keep their receipts",
                             [&line] { return send_command(line.common, line.send); });
  send->add_option("TYPE", line.send.type, "the message type")->required();
  send->add_option("--device", line.send.device, "the device id")->capture_default_str();
  send->add_option("--data", line.send.data, "the data, a JSON object");
  send->add_option(
      "--file", line.send.file,
      "a picture, a WAV file, a JSON object, or .ndjson with one object of data a line; - reads standard input");
  send->add_option("--hint", line.send.hint, "the pipeline hint");
  send->add_option("--receipts", line.send.receipts, "append each answer to this file, one JSON object a line");
  send->add_option("--ca", line.send.ca, "for https: a PEM file with the authority to trust, instead of the system's");
  send->add_option("--url", line.send.url, "the API; default: api.listen. A key is taken from LOOM_SEND_KEY");
  auto* tail = add_reporting(line, line.app, "tail", "show a topic's records",
                             [&line] { return tail_command(line.common, line.tail); });
  tail->add_option("TOPIC", line.tail.topic, "the topic")->required();
  tail->add_option("--type", line.tail.type, "only this message type");
  tail->add_option("--grep", line.tail.grep, "only records that contain this text");
  tail->add_option("--from", line.tail.from, "earliest, latest, -N records a partition, or -5m")->capture_default_str();
  tail->add_flag("--exit", line.tail.exit_at_end, "stop at the present end");
  add_reporting(line, line.app, "lag", "records and seconds behind, per group and partition",
                [&line] { return lag_command(line.common); });
  add_reporting(line, line.app, "engines", "what each stage works with, whether it does, what it costs, and what else there is",
                [&line] { return engines_command(line.common); });
  add(line, line.app, "docs", "print the reference of commands, options and endpoints", [] { return docs_command(); });
}

void add_filters(CommandLine& line, CLI::App& command) {
  auto& words = line.settle;
  command.add_option("GROUP", words.group, "only this consumer group");
  command.add_option("--kind", words.kind, "only this kind of error: invalid_value, malformed, …");
  command.add_option("--code", words.code, "only this SQLSTATE or code");
  command.add_option("--field", words.field, "only this column or field");
  command.add_option("--topic", words.topic, "only from this topic");
  command.add_option("--key", words.key, "only with this key");
  command.add_option("--id", words.message_id, "only of this message");
  command.add_option("--letter", words.letter, "only this one: topic:partition:offset of the letter or its origin");
  command.add_option("--since", words.since, "only those written since: 2026-11-23T12:00:00Z, or -2h");
  command.add_option("--until", words.until, "only those written before");
  command.add_option("--rate", words.rate, "at most so many a second: 100/s");
  command.add_flag("--dry-run", words.dry_run, "only say what would be done");
}

void add_dead_letters(CommandLine& line) {
  auto* dlq = line.app.add_subcommand("dlq", "dead letters")->require_subcommand(1);
  auto* list = add_reporting(line, *dlq, "list", "dead letters grouped by cause",
                             [&line] { return dlq_list_command(line.common, line.dlq); });
  list->add_option("GROUP", line.dlq.group, "only this consumer group");
  list->add_flag("--all", line.dlq.all, "those that were replayed or dropped too");
  auto* show = add_reporting(line, *dlq, "show", "one dead letter with its headers",
                             [&line] { return dlq_show_command(line.common, line.dlq); });
  show->add_option("ID", line.dlq.id, "a message id, or topic:partition:offset of the dead letter or its origin")
      ->required();
  show->add_flag("--raw", line.dlq.raw, "the value's bytes, and nothing else");
  show->add_option("--out", line.dlq.out, "write the value's bytes into this file");
  auto* replay = add_reporting(line, *dlq, "replay", "send open dead letters to their topics again, for their group only",
                               [&line] { return dlq_replay_command(line.common, line.settle); });
  add_filters(line, *replay);
  replay->add_option("--patch", line.settle.patch,
                     "a JSON merge patch (RFC 7396) on each value: a file, or the object itself");
  replay->add_option("--max-replays", line.settle.max_replays, "leave letters alone that were replayed so often")
      ->capture_default_str();
  auto* drop = add_reporting(line, *dlq, "drop", "give open dead letters up, with the reason in drops.<group>",
                             [&line] { return dlq_drop_command(line.common, line.settle); });
  add_filters(line, *drop);
  drop->add_option("--reason", line.settle.reason, "why; it is recorded")->required();
}

void add_rewind(CommandLine& line) {
  auto* rewind = add_reporting(line, line.app, "rewind", "let a group, stage or sink, process again",
                               [&line] { return rewind_command(line.common, line.rewind); });
  rewind->add_option("GROUP", line.rewind.group, "the consumer group; it must not be running")->required();
  rewind->add_option("TOPIC", line.rewind.topic, "only this topic of those it reads");
  rewind->add_option("--to", line.rewind.to, "earliest, an offset, 2026-11-23T12:00:00Z, or -2h")->required();
  rewind->add_option("--partition", line.rewind.partition, "only this partition");
  rewind->add_flag("--dry-run", line.rewind.dry_run, "only say what would be done");
}

void add_compare(CommandLine& line) {
  auto* compare = add_reporting(line, line.app, "compare", "two groups on one topic side by side, the least alike first",
                                [&line] { return compare_command(line.common, line.compare); });
  compare->add_option("GROUP", line.compare.first, "a consumer group with an output")->required();
  compare->add_option("OTHER", line.compare.second, "another group that reads the same topic")->required();
  compare->add_option("--since", line.compare.since, "only messages received from this time on: RFC 3339, or -5m");
  compare->add_option("--limit", line.compare.limit, "so many messages are shown")->capture_default_str();
}

void declare(CommandLine& line) {
  line.app.require_subcommand(1);
  line.app.set_version_flag("--version", std::string("loom ") + LOOM_VERSION);
  add_parts(line);
  add_plans(line);
  add_clients(line);
  add_dead_letters(line);
  add_books(line);
  add_trace(line);
  add_rewind(line);
  add_compare(line);
}

void describe(const CLI::App& app, const std::string& prefix, std::string& to) {
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    auto name = prefix + " " + command->get_name();
    if (!command->get_subcommands([](const CLI::App*) { return true; }).empty()) {
      describe(*command, name, to);
      continue;
    }
    to += "### `" + name + "`\n" + command->get_description() + "\n\n";
    for (const auto* option : command->get_options())
      if (option->get_name() != "--help,-h" && option->get_name() != "--help")
        to += "- `" + option->get_name(option->get_positional(), true) + "`: " + option->get_description() + "\n";
    to += "\n";
  }
}

}  // namespace

int run_cli(int argc, char** argv) {
  CommandLine line;
  declare(line);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    auto code = line.app.exit(error);
    return code == 0 ? 0 : 64;
  }
  return line.action();
}

std::string command_reference() {
  CommandLine line;
  declare(line);
  std::string text;
  describe(line.app, "loom", text);
  return text;
}

}  // namespace loom::app
