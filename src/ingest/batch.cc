#include "ingest/batch.h"

#include <cstring>

namespace loom::ingest {
namespace {

constexpr std::string_view space = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

bool says_lines(std::string_view content_type) {
  for (auto name : {"ndjson", "jsonl", "jsonlines", "json-lines", "json-seq"})
    if (content_type.find(name) != std::string_view::npos) return true;
  return false;
}

tl::unexpected<Refusal> malformed(std::string message) {
  return refuse(ErrorKind::malformed, std::move(message),
                {.field = {}, .remedy = "send a JSON array of messages, or one message a line", .code = {}});
}

tl::unexpected<Refusal> too_many(std::size_t max_records) {
  auto refusal = refuse(ErrorKind::too_large, "the batch has more than " + std::to_string(max_records) + " records",
                        {.field = {}, .remedy = "send fewer at a time, or raise api.max_batch_records", .code = {}});
  tell(refusal.value(), "limit", static_cast<double>(max_records));
  return refusal;
}

/// The end of the value that starts here: the comma or bracket behind it on its own level, npos where there is none.
/// Braces are counted, not matched: the parser does that.
std::size_t end_of_element(std::string_view text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    switch (text[at]) {
      case '"': {
        do {
          at = text.find_first_of("\"\\", at + 1);
          if (at == std::string_view::npos) return at;
          if (text[at] == '\\')
            ++at;
          else
            break;
        } while (at < text.size());
        break;
      }
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth-- == 0) return at;
        break;
      case ',':
        if (depth == 0) return at;
        break;
      default:
        break;
    }
  }
  return std::string_view::npos;
}

Checked<Cut> cut_array(std::string_view body, std::size_t max_records) {
  Cut cut;
  std::size_t at = 1;
  if (trimmed(body.substr(1)) == "]") return cut;
  while (true) {
    auto end = end_of_element(body, at);
    if (end == std::string_view::npos) return malformed("the array does not end");
    auto record = trimmed(body.substr(at, end - at));
    if (record.empty()) return malformed("record " + std::to_string(cut.records.size()) + " of the array is empty");
    if (cut.records.size() == max_records) return too_many(max_records);
    cut.records.push_back(record);
    at = end + 1;
    if (body[end] == ',') continue;
    if (body[end] != ']') return malformed("the array is closed by a brace");
    if (at != body.size()) return malformed("something follows the array");
    return cut;
  }
}

Checked<Cut> cut_lines(std::string_view body, std::size_t max_records) {
  Cut cut{BatchForm::lines, {}};
  while (!body.empty()) {
    auto line = trimmed(body.substr(0, body.find('\n')));
    body.remove_prefix(
        std::min(body.size(), body.find('\n') == std::string_view::npos ? body.size() : body.find('\n') + 1));
    if (line.empty()) continue;
    if (cut.records.size() == max_records) return too_many(max_records);
    cut.records.push_back(line);
  }
  return cut;
}

}  // namespace

Checked<Cut> cut_batch(std::string_view body, std::string_view content_type, std::size_t max_records) {
  auto whole = trimmed(body);
  if (whole.empty()) return malformed("the body is empty");
  if (says_lines(content_type) || whole.front() == '{') return cut_lines(whole, max_records);
  if (whole.front() != '[') return malformed("the body is neither an array nor lines of objects");
  return cut_array(whole, max_records);
}

}  // namespace loom::ingest
