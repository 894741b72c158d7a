#include "books/filter.h"

namespace loom::books {

bool wants(const Filter& filter, const Letter& letter, const model::Record& record) {
  auto differs = [](const auto& wanted, const auto& found) { return wanted && *wanted != found; };
  if (differs(filter.kind, letter.kind) || differs(filter.code, letter.code) || differs(filter.field, letter.field))
    return false;
  if (filter.topic && (!letter.origin || letter.origin->partition.topic.get() != *filter.topic)) return false;
  if (filter.key && record.key() != *filter.key) return false;
  if (filter.message_id && record.header("message_id") != *filter.message_id) return false;
  if (filter.place && *filter.place != letter.at && letter.origin != *filter.place) return false;
  if (filter.since_ms && letter.written_ms < *filter.since_ms) return false;
  return !filter.until_ms || letter.written_ms < *filter.until_ms;
}

}  // namespace loom::books
