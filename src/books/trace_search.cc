// Where a message's records are looked for: in growing windows of time, or in everything.
#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

#include "base/clock.h"
#include "books/clerk.h"
#include "books/trace.h"
#include "model/message.h"
#include "runner/headers.h"

namespace loom::books {
namespace {

using namespace std::chrono_literals;

constexpr auto wait = 10s;
constexpr std::int64_t told_every = 100'000;
constexpr std::int64_t made_before_ms = 1'000;  // an id of Loom's and its record's time come from one clock
constexpr std::int64_t told_before_ms = 60'000;  // a time that a person gave
constexpr std::int64_t skew_ms = 600'000;        // clocks of API and stages may differ by so much
constexpr std::int64_t device_ms = 60'000;     // how far around --near a device's message is looked for
constexpr std::array<std::int64_t, 6> windows_ms{2'000, 15'000, 60'000, 600'000, 3'600'000, 24LL * 3'600'000};
constexpr std::size_t hopeless = 3;  // windows without a record: the id's time is not that of its records

bool same_id(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

class Search {
 public:
  Search(const Sources& sources, const model::Mappings& mappings, const Plan& plan, const TraceWanted& wanted)
      : it_(sources), mappings_(mappings), plan_(plan), wanted_(wanted) {}
  Result<Trace> run();

 private:
  using Offsets = std::map<model::TopicPartition, std::int64_t>;
  using MayHold = std::function<bool(const model::TopicPartition&)>;
  Result<void> open();
  Result<std::string> wanted_id();
  Result<std::string> id_at_place();
  Result<std::string> id_of_device();
  Result<void> search_by_time(std::int64_t from_ms);
  Result<void> read_while_found(Offsets& from, const Offsets& until);
  Result<void> read_between(Offsets& from, const Offsets& until, const MayHold& may_hold);
  [[nodiscard]] bool has_its_key(const model::TopicPartition& partition) const;
  bool is_found() { return !sightings_.empty() && topics_of_open_ends(plan_, put_together()).empty(); }
  bool is_lost() { return has_lost_end(put_together()); }
  Result<void> search_all();
  Result<Offsets> offsets_at(std::int64_t ms);
  Result<void> read(const std::map<model::TopicPartition, kafka::Range>& ranges);
  void look(const model::Record& record);
  [[nodiscard]] bool may_be_wanted(const model::Record& record) const;
  [[nodiscard]] std::vector<RowsOfTable> rows_of(const Sighting& record);
  Trace put_together();

  const Sources& it_;
  const model::Mappings& mappings_;
  const Plan& plan_;
  const TraceWanted& wanted_;
  OpenedBooks books_;
  std::map<TopicIndex, WantedRows> tables_;
  std::optional<Clerk> clerk_;
  std::vector<std::string_view> joined_topics_;  // whose records name others as their sources
  std::string id_, upper_id_;
  std::optional<std::int64_t> near_ms_;
  bool is_derived_ = false, by_time_ = false;
  std::vector<Sighting> sightings_;
  std::optional<Error> trouble_;
  std::int64_t read_ = 0, all_ = 0;
};

Result<void> Search::open() {
  auto books = open_books(it_, plan_, {});
  if (!books) return tl::unexpected(books.error());
  books_ = *std::move(books);
  std::map<TopicIndex, Clerk::NoteRows> notes;
  for (const auto& hop : plan_.hops) {
    if (!hop.is_sink || !it_.database || tables_.contains(hop.input)) continue;
    auto table = WantedRows::open(*it_.database, mappings_, plan_.topics[hop.input]);
    if (!table && table.error().kind == ErrorKind::schema) continue;
    if (!table) return tl::unexpected(table.error());
    auto& opened = tables_.emplace(hop.input, *std::move(table)).first->second;
    notes[hop.input] = [this, &opened](const model::Record& record, Entry& entry, std::string& text) {
      opened.note(record, books_.cluster_id, entry, text);
    };
  }
  clerk_.emplace(books_.scene, books_.cluster_id, std::move(notes));
  for (const auto& hop : plan_.hops)
    if (hop.lookback.count() > 0 && hop.output != nobody) joined_topics_.push_back(plan_.topics[hop.output].get());
  return {};
}

Result<std::string> Search::wanted_id() {
  if (wanted_.id.empty()) return id_of_device();
  if (auto id = canonical_uuid(wanted_.id)) return *id;
  return id_at_place();
}

Result<std::string> Search::id_at_place() {
  auto text = wanted_.id;
  for (auto at = text.rfind(':'), left = std::size_t{2}; at != std::string::npos && left > 0; at = text.rfind(':'), --left)
    text[at] = '/';
  auto spot = spot_of(text, plan_);
  if (spot.topic == nobody || spot.offset < 0)
    return fail(ErrorKind::usage, "'" + wanted_.id + "' is no message id, and no place in a topic of the configuration",
                {.remedy = "write a UUID, or topic:partition:offset"});
  const auto* range = books_.scene.range(spot);
  if (!range || spot.offset < range->low || spot.offset >= range->end)
    return fail(ErrorKind::not_found, "nothing lies at " + wanted_.id + " (any more)",
                {.remedy = range ? "the partition has offsets " + std::to_string(range->low) + " to " +
                                       std::to_string(range->end - 1)
                                 : "the topic has no such partition"});
  std::string id;
  auto done = kafka::read(
      it_.catalogue.kafka,
      {{{plan_.topics[spot.topic], Partition{spot.partition}}, {Offset{spot.offset}, Offset{spot.offset + 1}}}},
      [&](const model::Record* record) {
        if (!record) return true;
        near_ms_ = record->timestamp_ms();
        clerk_->write(*record, [&](const Entry& entry) {
          if (id.empty() && entry.kind != Entry::Kind::source) id = sighting_of(*record, entry).identity.message_id;
        });
        return false;
      },
      it_.log);
  if (!done) return tl::unexpected(done.error());
  if (id.empty()) return fail(ErrorKind::not_found, "nothing lies at " + wanted_.id + " (any more)");
  return id;
}

/// The message of this device whose record is nearest to the time.
Result<std::string> Search::id_of_device() {
  auto near = wanted_.near_ms.value_or(now_micros() / 1000);
  auto from = offsets_at(near - device_ms), until = offsets_at(near + device_ms);
  if (!from) return tl::unexpected(from.error());
  if (!until) return tl::unexpected(until.error());
  std::map<model::TopicPartition, kafka::Range> ranges;
  for (const auto& [partition, offset] : *from) {
    auto topic = plan_.topic(partition.topic.get());
    bool is_entry = std::any_of(plan_.paths.begin(), plan_.paths.end(), [&](const auto& one) { return one.entry == topic; });
    if (is_entry && offset < (*until)[partition]) ranges[partition] = {Offset{offset}, Offset{(*until)[partition]}};
  }
  std::string id;
  std::int64_t distance = 0;
  json::Document document;
  auto done = kafka::read(
      it_.catalogue.kafka, ranges,
      [&](const model::Record* record) {
        if (!record) return true;
        bool is_key = record->key().value_or("") == wanted_.device;
        if (!is_key && record->value().find(wanted_.device) == std::string_view::npos) return true;
        auto message = model::decode(*record, books_.cluster_id, document);
        if (!message || message->device_id != wanted_.device) return true;
        auto away = std::abs(record->timestamp_ms() - near);
        if (id.empty() || away < distance)
          id = message->identity.message_id, distance = away, near_ms_ = record->timestamp_ms();
        return true;
      },
      it_.log);
  if (!done) return tl::unexpected(done.error());
  if (id.empty())
    return fail(ErrorKind::not_found, "device '" + wanted_.device + "' sent nothing within a minute of " +
                                          to_rfc3339(near * 1000),
                {.remedy = "give another time with --near"});
  return id;
}

Result<Search::Offsets> Search::offsets_at(std::int64_t ms) {
  std::vector<model::TopicPartition> partitions;
  for (const auto& [partition, range] : ranges_of(books_.scene)) partitions.push_back(partition);
  auto found = it_.admin.offsets_at(partitions, std::max<std::int64_t>(ms, 0), wait);
  if (!found) return tl::unexpected(found.error());
  Offsets offsets;
  for (const auto& [partition, offset] : *found) offsets[partition] = offset.get();
  return offsets;
}

bool Search::may_be_wanted(const model::Record& record) const {
  auto id = record.header(runner::header::message_id);
  if (id && same_id(*id, id_)) return true;
  bool tells_all = id && record.header(runner::header::part);  // as Loom writes it: the value says nothing more, but sources
  if (tells_all && std::ranges::find(joined_topics_, record.topic()) == joined_topics_.end()) return false;
  for (const auto* text : {&id_, &upper_id_})
    if (record.value().find(*text) != std::string_view::npos) return true;
  return is_derived_ && !id && derived_message_id(books_.cluster_id, record.topic(), record.partition().get(),
                                                  record.offset().get()) == id_;
}

void Search::look(const model::Record& record) {
  bool is_letter = is_derived_ && record.header(runner::header::origin_topic);
  if (!is_letter && !may_be_wanted(record)) return;
  clerk_->write(record, [&](const Entry& entry) {
    auto sighting = sighting_of(record, entry);
    if (sighting.identity.message_id == id_) sightings_.push_back(std::move(sighting));
  });
}

Result<void> Search::read(const std::map<model::TopicPartition, kafka::Range>& ranges) {
  for (const auto& [partition, range] : ranges) all_ += range.until.get() - range.from.get();
  return kafka::read(
      it_.catalogue.kafka, ranges,
      [&](const model::Record* record) {
        if (!record) return true;
        look(*record);
        if (++read_ % told_every == 0) wanted_.progress(read_, all_);
        return true;
      },
      it_.log);
}

Result<void> Search::search_all() { return read(ranges_of(books_.scene)); }

/// A message keeps its key, so that its records lie in one partition of each topic.
bool Search::has_its_key(const model::TopicPartition& partition) const {
  if (sightings_.empty()) return true;
  const auto& first = sightings_.front();
  auto partition_in = [&](TopicIndex topic) {
    return kafka::partition_of(first.key, static_cast<int>(books_.scene.topics[topic].size()));
  };
  if (first.key.empty() || partition_in(first.at.topic).get() != first.at.partition) return true;
  return partition_in(plan_.topic(partition.topic.get())) == partition.partition;
}

Result<void> Search::read_between(Offsets& from, const Offsets& until, const MayHold& may_hold) {
  std::map<model::TopicPartition, kafka::Range> ranges;
  for (auto& [partition, start] : from) {
    auto end = until.at(partition);
    if (start >= end || !may_hold(partition)) continue;
    ranges[partition] = {Offset{start}, Offset{end}};
    start = end;
  }
  return read(ranges);
}

/// First everywhere, for the message itself; then only where what is open would have left a trace, hop after hop.
Result<void> Search::read_while_found(Offsets& from, const Offsets& until) {
  auto before = sightings_.size();
  do {
    before = sightings_.size();
    auto trace = put_together();
    auto awaited = topics_of_open_ends(plan_, trace);
    auto done = read_between(from, until, [&](const auto& partition) {
      bool is_awaited = trace.records.empty() || awaited.contains(plan_.topic(partition.topic.get()));
      return is_awaited && has_its_key(partition);
    });
    if (!done) return done;
  } while (sightings_.size() > before && !is_found());
  return {};
}

/// In growing windows; at last also before, where clocks differ.
Result<void> Search::search_by_time(std::int64_t from_ms) {
  by_time_ = true;
  auto from = offsets_at(from_ms);
  if (!from) return tl::unexpected(from.error());
  auto first = *from;
  Offsets ends;
  for (const auto& [partition, range] : ranges_of(books_.scene)) ends[partition] = range.until.get();
  for (std::size_t i = 0; i < windows_ms.size(); ++i) {
    auto until = offsets_at(from_ms + windows_ms[i]);
    if (!until) return tl::unexpected(until.error());
    for (auto& [partition, offset] : *until) offset = std::min(offset, ends.at(partition));
    if (auto done = read_while_found(*from, *until); !done) return done;
    if (is_found()) return {};
    bool is_all = *until == ends;
    if (sightings_.empty() && (is_all || i >= hopeless)) return {};
    if (is_all) break;
  }
  if (auto done = read_while_found(*from, ends); !done || !is_lost()) return done;
  auto is_any = [](const model::TopicPartition&) { return true; };
  if (auto done = read_between(*from, ends, is_any); !done || !is_lost()) return done;
  auto before = offsets_at(from_ms - skew_ms);
  if (!before) return tl::unexpected(before.error());
  return read_between(*before, first, is_any);
}

std::vector<RowsOfTable> Search::rows_of(const Sighting& record) {
  auto table = tables_.find(record.at.topic);
  if (table == tables_.end() || rows_note(record.rows).is_refused) return {};
  Entry entry;
  entry.id = uuid_bytes(record.identity.message_id).value_or(UuidBytes{});
  entry.part = record.identity.part;
  entry.rows = record.rows;
  auto there = table->second.find({&entry});
  if (!there) {
    trouble_ = there.error();
    return {};
  }
  const auto& mapping = mappings_.topics.at(plan_.topics[record.at.topic]);
  std::vector<RowsOfTable> rows{{mapping.table, there->front().rows}};
  for (std::size_t i = 0; i < there->front().elements.size() && i < mapping.arrays.size(); ++i)
    rows.push_back({model::mapping_of_elements(mapping, mapping.arrays[i]).table,
                    std::max<std::int64_t>(there->front().elements[i], 0)});
  return rows;
}

Trace Search::put_together() {
  return assembled(books_.scene, sightings_, [this](std::size_t, const Sighting& record) { return rows_of(record); });
}

Result<Trace> Search::run() {
  auto started = std::chrono::steady_clock::now();
  if (auto opened = open(); !opened) return tl::unexpected(opened.error());
  auto id = wanted_id();
  if (!id) return tl::unexpected(id.error());
  id_ = *std::move(id);
  upper_id_ = id_;
  std::ranges::transform(upper_id_, upper_id_.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  auto bytes = uuid_bytes(id_);
  is_derived_ = bytes && (*bytes)[6] >> 4 == 8;
  auto from = time_of_id(id_);
  if (from) *from -= made_before_ms;
  if (auto near = near_ms_ ? near_ms_ : wanted_.near_ms)
    from = std::min(from.value_or(*near - told_before_ms), *near - told_before_ms);
  Result<void> done;
  if (from) done = search_by_time(*from);
  if (done && sightings_.empty()) {
    by_time_ = false;
    done = search_all();
  }
  if (!done) return tl::unexpected(done.error());
  auto trace = put_together();
  if (trouble_) return tl::unexpected(*trouble_);
  if (sightings_.empty())
    return fail(ErrorKind::not_found, "no record tells of message " + id_,
                {.remedy = "it was never accepted, or its records have expired"});
  trace.read = read_;
  trace.by_time = by_time_;
  trace.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return trace;
}

}  // namespace

Result<Trace> trace_message(const Sources& sources, const model::Mappings& mappings, const Plan& plan,
                            const TraceWanted& wanted) {
  return Search(sources, mappings, plan, wanted).run();
}

}  // namespace loom::books
