#include "books/verify.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "books/clerk.h"
#include "books/receipts.h"
#include "books/shelf.h"

namespace loom::books {
namespace {

constexpr std::int64_t told_every = 100'000;  // records

class Verification {
 public:
  Verification(const Sources& sources, const model::Mappings& mappings, const Plan& plan, const VerifyOptions& options)
      : it_(sources), mappings_(mappings), plan_(plan), options_(options), shelf_(options.memory / 2) {}

  Result<Proof> run();

 private:
  Result<void> open_tables();
  Result<void> read();
  Result<void> add_receipts();
  Result<void> judge_box(Judge& judge, std::string_view bytes);
  Result<void> find_rows(const std::vector<Entry>& entries);
  [[nodiscard]] std::map<model::TopicPartition, kafka::Range> ranges() const;

  const Sources& it_;
  const model::Mappings& mappings_;
  const Plan& plan_;
  const VerifyOptions& options_;
  Shelf shelf_;
  Proof proof_;
  std::string cluster_id_;
  std::map<TopicIndex, WantedRows> tables_;
  std::unordered_map<const Entry*, RowsThere> rows_;  // of the box at hand
};

Result<void> Verification::open_tables() {
  if (!it_.database) return {};
  for (const auto& hop : plan_.hops) {
    if (!hop.is_sink) continue;
    auto table = WantedRows::open(*it_.database, mappings_, plan_.topics[hop.input]);
    if (table)
      tables_.emplace(hop.input, *std::move(table));
    else if (table.error().kind == ErrorKind::schema)
      proof_.troubles[hop.input] = to_string(table.error());
    else
      return tl::unexpected(table.error());
  }
  return {};
}

/// Topics that nobody reads are only of use to receipts.
std::map<model::TopicPartition, kafka::Range> Verification::ranges() const {
  auto all = ranges_of(proof_.scene);
  if (proof_.by_receipts) return all;
  std::erase_if(all, [&](const auto& entry) {
    auto topic = plan_.topic(entry.first.topic.get());
    return std::none_of(plan_.hops.begin(), plan_.hops.end(), [&](const Hop& hop) {
      return topic == hop.input || topic == hop.output || topic == hop.drops || topic == hop.dead_letters;
    });
  });
  return all;
}

Result<void> Verification::read() {
  std::map<TopicIndex, Clerk::NoteRows> notes;
  for (auto& [topic, table] : tables_)
    notes[topic] = [this, &table = table](const model::Record& record, Entry& entry, std::string& text) {
      table.note(record, cluster_id_, entry, text);
    };
  Clerk clerk(proof_.scene, cluster_id_, std::move(notes));
  auto wanted = ranges();
  std::int64_t all = 0;
  for (const auto& [partition, range] : wanted) all += range.until.get() - range.from.get();
  Result<void> put;
  auto visit = [&](const model::Record* record) {
    if (!record) return true;
    clerk.write(*record, [&](const Entry& entry) {
      if (put) put = shelf_.put(entry);
    });
    if (++proof_.records % told_every == 0) options_.progress(proof_.records, all);
    return put.has_value();
  };
  auto settings = it_.catalogue.kafka;
  settings.consumer_budget.count = std::min<std::uint64_t>(settings.consumer_budget.count, options_.memory / 4);
  auto read = kafka::read(settings, wanted, visit, it_.log);
  if (!read) return read;
  return put;
}

Result<void> Verification::add_receipts() {
  if (options_.receipts.empty()) return {};
  return read_receipts(options_.receipts, plan_, [&](const Entry& entry) { return shelf_.put(entry); });
}

Result<void> Verification::find_rows(const std::vector<Entry>& entries) {
  rows_.clear();
  std::map<TopicIndex, std::vector<const Entry*>> wanted;
  for (const auto& entry : entries)
    if (entry.kind == Entry::Kind::message && tables_.contains(entry.at.topic) &&
        proof_.scene.is_judged(entry.at) && !rows_note(entry.rows).is_refused)
      wanted[entry.at.topic].push_back(&entry);
  for (const auto& [topic, of_topic] : wanted) {
    auto found = tables_.at(topic).find(of_topic);
    if (!found) return tl::unexpected(found.error());
    for (std::size_t i = 0; i < of_topic.size(); ++i) rows_.emplace(of_topic[i], std::move((*found)[i]));
  }
  return {};
}

Result<void> Verification::judge_box(Judge& judge, std::string_view bytes) {
  std::vector<Entry> entries;
  while (auto entry = next(bytes)) entries.push_back(*entry);
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
  if (auto found = find_rows(entries); !found) return found;
  auto rows_of = [this](std::size_t, const Entry& entry) -> const RowsThere* {
    auto found = rows_.find(&entry);
    return found == rows_.end() ? nullptr : &found->second;
  };
  for (std::size_t from = 0; from < entries.size();) {
    auto to = from + 1;
    while (to < entries.size() && entries[to].id == entries[from].id) ++to;
    judge.message(std::span<const Entry>(entries).subspan(from, to - from), rows_of);
    from = to;
  }
  return {};
}

Result<Proof> Verification::run() {
  auto started = std::chrono::steady_clock::now();
  proof_.by_receipts = !options_.receipts.empty();
  if (auto receipts = add_receipts(); !receipts) return tl::unexpected(receipts.error());
  auto opened = open_books(it_, plan_, options_.period);
  if (!opened) return tl::unexpected(opened.error());
  proof_.scene = std::move(opened->scene);
  proof_.is_there = std::move(opened->is_there);
  cluster_id_ = std::move(opened->cluster_id);
  if (auto tables = open_tables(); !tables) return tl::unexpected(tables.error());
  if (auto done = read(); !done) return tl::unexpected(done.error());
  Judge judge(proof_.scene, {options_.shown, proof_.by_receipts});
  auto judged = shelf_.each_box([&](std::string_view bytes) { return judge_box(judge, bytes); });
  if (!judged) return tl::unexpected(judged.error());
  proof_.tally = judge.close();
  proof_.spilled = shelf_.spilled();
  proof_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return std::move(proof_);
}

}  // namespace

Result<Proof> verify(const Sources& sources, const model::Mappings& mappings, const Plan& plan,
                     const VerifyOptions& options) {
  return Verification(sources, mappings, plan, options).run();
}

}  // namespace loom::books
