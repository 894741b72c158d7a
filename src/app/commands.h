// One function a command of the command line; each returns the exit code. cli.cc parses the words and calls them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/wiring.h"

namespace loom::app {

int api_command(const Common& common);
int run_command(const Common& common, const std::string& group);

struct CheckOptions {
  bool offline = false;
};
int check_command(const Common& common, const CheckOptions& options);

struct SendOptions {
  std::string type, device, file, data, hint, receipts, url, ca;
  int retries = 20;
};
int send_command(const Common& common, const SendOptions& options);

struct TailOptions {
  std::string topic, type, grep, from = "latest";
  bool exit_at_end = false;
};
int tail_command(const Common& common, const TailOptions& options);

struct DlqOptions {
  std::string group;  // "" = all
  std::string id;     // of `show`: a message id or topic:partition:offset of the dead letter
  bool all = false;   // of `list`: settled ones too
  bool raw = false;   // of `show`: the value's bytes and nothing else
  std::string out;    // and into this file
};
int dlq_list_command(const Common& common, const DlqOptions& options);
int dlq_show_command(const Common& common, const DlqOptions& options);

struct VerifyOptions {
  std::string since, until, receipts, memory = "256MiB";
  int show = 20;
};
int verify_command(const Common& common, const VerifyOptions& options);

struct TraceOptions {
  std::string id;  // a message id, or topic:partition:offset
  std::string device, near;
  std::string otlp;  // where spans go; "" = nowhere
};
int trace_command(const Common& common, const TraceOptions& options);

/// Of `replay` and `drop`; texts as typed, "" where not given.
struct SettleWords {
  std::string group, kind, code, field, topic, key, message_id, letter, since, until;
  std::string patch, rate, reason;
  int max_replays = 3;
  bool dry_run = false;
};
int dlq_replay_command(const Common& common, const SettleWords& words);
int dlq_drop_command(const Common& common, const SettleWords& words);

struct RewindOptions {
  std::string group, topic, to;  // topic "": all that the group reads
  int partition = -1;            // -1: all
  bool dry_run = false;
};
int rewind_command(const Common& common, const RewindOptions& options);
int engines_command(const Common& common);

struct CompareOptions {
  std::string first, second;  // consumer groups
  std::string since;          // -10m, or a time; "": from the beginning
  int limit = 20;             // messages shown
};
int compare_command(const Common& common, const CompareOptions& options);

struct TablesOptions {
  bool apply = false, allow_destructive = false;
};
int tables_command(const Common& common, const TablesOptions& options);

int docs_command();

}  // namespace loom::app
