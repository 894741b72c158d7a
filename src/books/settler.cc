#include "books/settler.h"

#include <thread>

#include "books/deliver.h"

namespace loom::books {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch_letters = 500;
constexpr std::size_t batch_bytes = 16u << 20;
constexpr auto batch_wait = 500ms;  // how many seconds of work a killed replay may do again
constexpr auto commit_every = 2s;
constexpr auto long_wait = 20ms;
constexpr std::size_t most_problems = 20;

/// Another letter would meet the same: no broker, no room.
bool is_of_the_cluster(const Error& error) { return traits_of(error.kind).remedy == Remedy::retry; }

std::string message_id_of(const model::OutRecord& record) {
  for (auto header = record.headers.rbegin(); header != record.headers.rend(); ++header)
    if (header->first == "message_id") return header->second;
  return {};
}

}  // namespace

bool Settler::take(const model::Record& record, const Letter& letter) {
  if (error_ || it_.stop) return false;
  auto& progress = progress_[letter.at.partition];
  if (!progress.is_blocked) progress.tracker.begin(letter.at.offset);
  if (it_.settled.fate_of(letter) != LetterFate::open) {
    progress.tracker.settle(letter.at.offset);
  } else if (!wants(options_.filter, letter, record)) {
    stay_open(letter);
  } else {
    settle(record, letter);
  }
  auto now = SteadyClock::now();
  if (pending_.size() >= batch_letters || pending_bytes_ >= batch_bytes || now - flushed_ >= batch_wait) flush();
  if (now - committed_ >= commit_every) commit();
  return !error_ && !it_.stop;
}

void Settler::settle(const model::Record& record, const Letter& letter) {
  bool is_replay = options_.fate == LetterFate::replayed;
  auto out = is_replay && letter.origin ? replay_of(record, letter, it_.cluster_id)
                                        : drop_of(record, letter, it_.cluster_id, options_.reason);
  auto message_id = message_id_of(out);
  if (auto* twin = known(letter, message_id)) {
    if (twin->is_open || options_.dry_run) return stay_open(letter);
    return twins_.push_back({letter, std::move(message_id), {}});
  }
  ++done_.matched;
  remember(letter, message_id, {.is_open = false});
  if (is_replay && !letter.origin)
    return refuse(letter, message_id,
                  Error{ErrorKind::not_found, "it names no origin: Loom did not write it", "",
                        "send it to its topic yourself, and drop the letter", ""});
  if (is_replay && letter.replays >= options_.most_replays) {
    ++done_.guarded;
    remember(letter, message_id, {.is_open = true});
    return stay_open(letter);
  }
  if (is_replay && !options_.patch.empty())
    if (auto patched = patch(out, options_.patch); !patched) return refuse(letter, message_id, patched.error());
  if (is_replay && options_.patch.empty() && letter.code == "identity_conflict") ++done_.conflicts;
  if (options_.dry_run) {
    ++done_.settled;
    return stay_open(letter);
  }
  pending_bytes_ += out.bytes();
  pending_.push_back({letter, std::move(message_id), std::move(out)});
  wait_for_turn();
}

void Settler::refuse(const Letter& letter, const std::string& message_id, const Error& error) {
  ++done_.refused;
  remember(letter, message_id, {.is_open = true});
  stay_open(letter);
  auto problem = loom::to_string(error);
  if (done_.problems.size() < most_problems || done_.problems.contains(problem)) ++done_.problems[problem];
}

Settler::Known* Settler::known(const Letter& letter, const std::string& message_id) {
  if (!letter.origin) return nullptr;
  auto partition = origins_.find({letter.group, letter.origin->partition});
  if (partition == origins_.end()) return nullptr;
  auto found = partition->second.find(letter.origin->offset.get());
  bool is_same = found != partition->second.end() && found->second.message_id == std::hash<std::string>{}(message_id);
  return is_same ? &found->second : nullptr;
}

void Settler::remember(const Letter& letter, const std::string& message_id, Known how) {
  if (!letter.origin) return;
  how.message_id = std::hash<std::string>{}(message_id);
  origins_[{letter.group, letter.origin->partition}][letter.origin->offset.get()] = how;
}

/// A long wait must not keep what was sent without its note.
void Settler::wait_for_turn() {
  if (options_.rate <= 0) return;
  auto step = std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(1 / options_.rate));
  auto now = SteadyClock::now();
  turn_ = std::max(turn_ + step, now - 100ms);  // what was slow before is not made up for
  if (turn_ - now < 1ms) return;
  if (turn_ - now > long_wait) flush();
  while (!it_.stop && SteadyClock::now() < turn_)
    std::this_thread::sleep_for(std::min<SteadyClock::duration>(turn_ - SteadyClock::now(), 100ms));
}

void Settler::flush() {
  flushed_ = SteadyClock::now();
  auto batch = std::exchange(pending_, {});
  pending_bytes_ = 0;
  std::vector<model::OutRecord> records;
  records.reserve(batch.size());
  for (auto& one : batch) records.push_back(std::move(one.record));
  auto errors = deliver(it_.producer, std::move(records));
  std::vector<Letter> settled;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!errors[i]) {
      ++done_.settled;
      settled.push_back(std::move(batch[i].letter));
    } else if (is_of_the_cluster(*errors[i])) {
      remember(batch[i].letter, batch[i].message_id, {.is_open = true});
      stay_open(batch[i].letter);
      if (!error_) error_ = std::move(errors[i]);
    } else {
      refuse(batch[i].letter, batch[i].message_id, *errors[i]);
    }
  }
  for (auto& twin : std::exchange(twins_, {})) {  // what it is the twin of is decided by now
    if (known(twin.letter, twin.message_id)->is_open)
      stay_open(twin.letter);
    else
      settled.push_back(std::move(twin.letter));
  }
  note(settled);
}

void Settler::note(const std::vector<Letter>& letters) {
  std::vector<Note> notes;
  std::vector<model::OutRecord> records;
  for (const auto& letter : letters) {
    notes.push_back({letter.at, letter.written_ms, options_.fate, options_.reason});
    records.push_back(record_of(notes.back()));
  }
  auto errors = deliver(it_.producer, std::move(records));
  for (std::size_t i = 0; i < notes.size(); ++i) {
    if (errors[i]) {
      stay_open(letters[i]);
      if (!error_) error_ = std::move(errors[i]);
      continue;
    }
    it_.settled.add(notes[i]);
    progress_[notes[i].letter.partition].tracker.settle(notes[i].letter.offset);
  }
}

void Settler::commit() {
  committed_ = SteadyClock::now();
  kafka::Offsets next;
  for (auto& [partition, progress] : progress_) {
    auto settled = progress.tracker.next();
    if (!settled || settled == progress.committed) continue;
    progress.committed = settled;
    next.emplace(partition, *settled);
  }
  if (!next.empty() && !options_.dry_run) it_.commit(next);
}

Result<Settlement> Settler::finish() {
  if (!error_) flush();
  commit();
  if (error_) return tl::unexpected<Error>(*error_);
  return std::move(done_);
}

}  // namespace loom::books
