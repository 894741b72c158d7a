// loom send: a client that keeps its receipts. What got no certain answer is sent again with the same message_id, so
// that the database keeps one row; 429 and 503 are waited out as the server says.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "app/commands.h"
#include "app/up.h"
#include "app/media.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "http/client.h"
#include "loom/json.h"

namespace loom::app {
namespace {

using namespace std::chrono_literals;

Result<std::string> bytes_of(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail(ErrorKind::usage, "cannot read '" + file + "'",
                {.remedy = "name a file that exists, or - for standard input"});
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// The data objects to send, each as JSON text.
Result<std::vector<std::string>> data_of(const SendOptions& options) {
  if (options.file.empty()) return std::vector<std::string>{options.data.empty() ? "{}" : options.data};
  auto bytes = bytes_of(options.file);
  if (!bytes) return tl::unexpected(bytes.error());
  if (auto media = media_data(*bytes)) return std::vector<std::string>{*media};
  json::Document document;
  if (auto whole = document.parse(*bytes); whole && whole->is_object()) return std::vector<std::string>{*bytes};
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < bytes->size();) {
    auto end = std::min(bytes->find('\n', start), bytes->size());
    auto line = bytes->substr(start, end - start);
    if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(line);
    start = end + 1;
  }
  return lines;
}

std::string message_of(const SendOptions& options, const std::string& id, const std::string& data) {
  json::Writer message;
  message.field("message_type_id", options.type).field("device_id", options.device).field("message_id", id);
  if (!options.hint.empty()) message.field("pipeline_hint", options.hint);
  return message.raw("data", data).text();
}

std::chrono::milliseconds wait_of(const http::ClientReply& reply, int attempt) {
  auto seconds = std::atoi(std::string(reply.header("Retry-After")).c_str());
  return seconds > 0 ? std::chrono::milliseconds(1000 * std::min(seconds, 60))
                     : std::min(5000ms, 100ms * (1 << std::min(attempt, 6)));
}

Result<std::string> send_one(http::Client& client, const SendOptions& options, const std::string& body,
                             const std::atomic<bool>& stop) {
  Error last{ErrorKind::unavailable, "not sent", "", "", ""};
  for (int attempt = 0; attempt <= options.retries && !stop; ++attempt) {
    auto reply = client.post("/ingest/message", {.body = body});
    if (reply && reply->status == 200) return reply->body;
    if (reply && reply->status != 429 && reply->status != 503)
      return fail(ErrorKind::invalid_value, "refused with " + std::to_string(reply->status) + ": " + reply->body);
    last = reply
               ? Error{ErrorKind::unavailable, "the API answers " + std::to_string(reply->status) + ": " + reply->body,
                       "", "try again later", ""}
               : reply.error();
    std::this_thread::sleep_for(reply ? wait_of(*reply, attempt)
                                      : std::min(5000ms, 100ms * (1 << std::min(attempt, 6))));
  }
  return tl::unexpected(last);
}

}  // namespace

int send_command(const Common& common, const SendOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto data = data_of(options);
  if (!data) return report(data.error());
  http::ClientOptions client_options;
  client_options.ca_file = options.ca;
  if (const char* key = std::getenv("LOOM_SEND_KEY")) client_options.headers.emplace_back("X-API-Key", key);
  auto client = http::Client::open(options.url.empty() ? api_url(loaded->catalogue.api) : options.url, client_options);
  if (!client) return report(client.error());
  std::ofstream receipts;
  if (!options.receipts.empty()) {
    receipts.open(options.receipts, std::ios::app);
    if (!receipts)
      return report(Error{ErrorKind::usage, "cannot write receipts to '" + options.receipts + "'", "",
                          "name a writable file", ""});
  }
  const auto& stop = stop_on_signals();
  int code = 0;
  for (const auto& one : *data) {
    auto answer = send_one(*client, options, message_of(options, new_message_id(now_micros()), one), stop);
    if (!answer) {
      code = report(answer.error());
      continue;
    }
    if (receipts.is_open()) receipts << *answer << std::endl;
    if (common.json || options.receipts.empty()) std::printf("%s\n", answer->c_str());
  }
  return code;
}

}  // namespace loom::app
