// The notes of loom.dlq.settled in memory: which letters are no longer open. About 50 bytes a note.
// Threads: one at a time. Errors: unavailable.
//   auto settled = Settled::read(settings, admin, log);  settled->find(letter)
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "base/log.h"
#include "books/letter.h"
#include "kafka/admin.h"

namespace loom::books {

class Settled {
 public:
  /// Nothing where the topic is missing: then nothing was settled yet.
  static Result<Settled> read(const model::ClusterSettings& settings, kafka::Admin& admin, const Log& log);

  void add(const Note& note);
  [[nodiscard]] std::optional<Note> find(const Letter& letter) const;
  [[nodiscard]] LetterFate fate_of(const Letter& letter) const;

 private:
  struct Entry {
    std::int64_t written_ms;
    LetterFate fate;
    const std::string* reason;  // one of reasons_
  };
  [[nodiscard]] const Entry* entry_of(const Letter& letter) const;

  std::map<model::TopicPartition, std::unordered_map<std::int64_t, Entry>> entries_;
  std::set<std::string> reasons_;  // few: what people type
};

}  // namespace loom::books
