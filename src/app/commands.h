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
};
int trace_command(const Common& common, const TraceOptions& options);

struct TablesOptions {
  bool apply = false, allow_destructive = false;
};
int tables_command(const Common& common, const TablesOptions& options);

int docs_command();

}  // namespace loom::app
