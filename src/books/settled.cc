#include "books/settled.h"

#include "books/ranges.h"
#include "model/catalogue.h"

namespace loom::books {

Result<Settled> Settled::read(const model::ClusterSettings& settings, kafka::Admin& admin, const Log& log) {
  Settled settled;
  auto ranges = ranges_of(admin, {model::settled_letters()});
  if (!ranges) return tl::unexpected<Error>(ranges.error());
  auto take = [&](const model::Record* record) {
    if (!record) return true;
    if (auto note = note_of(*record)) settled.add(*note);
    return true;
  };
  if (auto done = kafka::read(settings, *ranges, take, log); !done) return tl::unexpected<Error>(done.error());
  return settled;
}

void Settled::add(const Note& note) {
  const auto* reason = &*reasons_.insert(note.reason).first;
  entries_[note.letter.partition].insert_or_assign(note.letter.offset.get(), Entry{note.written_ms, note.fate, reason});
}

const Settled::Entry* Settled::entry_of(const Letter& letter) const {
  auto partition = entries_.find(letter.at.partition);
  if (partition == entries_.end()) return nullptr;
  auto entry = partition->second.find(letter.at.offset.get());
  if (entry == partition->second.end() || entry->second.written_ms != letter.written_ms) return nullptr;
  return &entry->second;
}

std::optional<Note> Settled::find(const Letter& letter) const {
  const auto* entry = entry_of(letter);
  if (!entry) return std::nullopt;
  return Note{letter.at, entry->written_ms, entry->fate, *entry->reason};
}

LetterFate Settled::fate_of(const Letter& letter) const {
  const auto* entry = entry_of(letter);
  return entry ? entry->fate : LetterFate::open;
}

}  // namespace loom::books
