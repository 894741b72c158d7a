// What was sighted, put together: pure.
#include "books/trace.h"

#include <algorithm>

#include "loom/json.h"
#include "runner/headers.h"
#include "sink/classify.h"

namespace loom::books {
namespace {

namespace header = runner::header;

std::string text_of(const model::Record& record, std::string_view name) {
  return std::string(record.header(name).value_or(""));
}

/// "00-<trace>-<span>-01"
std::string span_of(std::string_view traceparent) {
  return trace_id_of(traceparent) && traceparent.size() >= 52 ? std::string(traceparent.substr(36, 16)) : "";
}

void read_hop(std::string_view text, Sighting& sighting) {
  json::Document document;
  auto hop = document.parse(text);
  if (!hop) return;
  auto number = [&](std::string_view name) {
    auto value = hop->get(name);
    return value ? value->integer().value_or(0) : 0;
  };
  if (auto instance = hop->get("instance")) sighting.instance = instance->string().value_or("");
  sighting.waited_ms = number("waited_ms"), sighting.took_ms = number("took_ms"), sighting.attempts = number("attempts");
}

bool is_lost(const TraceHop& hop) { return hop.fate == Fate::lost || hop.missing > 0; }
bool is_open(const TraceHop& hop) { return hop.fate == Fate::waiting || is_lost(hop); }

class Assembly {
 public:
  Assembly(const Scene& scene, const std::vector<Sighting>& sightings, const RowsOfRecord& rows)
      : scene_(scene), plan_(*scene.plan), sightings_(sightings), rows_(rows) {}

  std::vector<TraceRecord> run() {
    for (const auto& one : sightings_)
      if (one.kind == Entry::Kind::message) records_.push_back({one, {}, true});
    for (auto& record : records_) {
      record.continues_trace = continues(record.record);
      for (std::size_t hop = 0; hop < plan_.hops.size(); ++hop)
        if (plan_.hops[hop].input == record.record.at.topic) record.hops.push_back(hop_of(hop, record.record));
    }
    return std::move(records_);
  }

 private:
  [[nodiscard]] bool continues(const Sighting& record) const {
    if (record.origin.topic == nobody) return true;
    for (const auto& before : sightings_)
      if (before.kind == Entry::Kind::message && before.at == record.origin && !before.trace_id.empty())
        return before.trace_id == record.trace_id && !record.span_id.empty() && before.span_id != record.span_id;
    return true;
  }

  [[nodiscard]] TraceHop hop_of(std::size_t number, const Sighting& record) const {
    const auto& hop = plan_.hops[number];
    TraceHop made;
    made.hop = number;
    for (std::size_t i = 0; i < records_.size(); ++i)
      if (records_[i].record.group == hop.group && records_[i].record.origin == record.at) made.outputs.push_back(i);
    for (const auto& one : sightings_) {
      if (one.group != hop.group) continue;
      bool is_end = one.kind == Entry::Kind::dropped || one.kind == Entry::Kind::dead;
      if (is_end && one.origin == record.at && (!made.end || one.kind == Entry::Kind::dropped)) made.end = one;
      if (one.kind == Entry::Kind::source && one.identity.part == record.identity.part)
        made.joined_into.push_back(one);
    }
    made.missing = missing_of(made);
    if (hop.is_sink) made.rows = rows_(number, record);
    made.fate = fate_of(made, record);
    if (made.fate == Fate::waiting) made.waiting_ms = std::max<std::int64_t>(scene_.taken_ms - record.timestamp_ms, 0);
    return made;
  }

  /// Each piece says of how many; handled twice, a message may have been split in two ways, and one of them is enough.
  [[nodiscard]] std::size_t missing_of(const TraceHop& it) const {
    std::set<std::string_view> parts;
    std::size_t told = 0;
    for (auto output : it.outputs) {
      const auto& piece = records_[output].record;
      parts.insert(piece.identity.part);
      told = told == 0 ? piece.pieces : std::min<std::size_t>(told, piece.pieces);
    }
    return told > parts.size() ? told - parts.size() : 0;
  }

  [[nodiscard]] Fate fate_of(const TraceHop& it, const Sighting& record) const {
    bool has_rows = std::any_of(it.rows.begin(), it.rows.end(), [](const auto& one) { return one.rows > 0; });
    if (has_rows) return Fate::stored;
    if (!it.outputs.empty()) return Fate::emitted;
    if (it.end) return it.end->kind == Entry::Kind::dead ? Fate::dead : Fate::dropped;
    if (!it.joined_into.empty()) return Fate::joined;
    if (record.at.offset >= scene_.next(it.hop, record.at.partition)) return Fate::waiting;
    if (record.replay_for != nobody && record.replay_for != plan_.hops[it.hop].group) return Fate::foreign;
    return scene_.hops[it.hop].is_foreign ? Fate::foreign : Fate::lost;
  }

  const Scene& scene_;
  const Plan& plan_;
  const std::vector<Sighting>& sightings_;
  const RowsOfRecord& rows_;
  std::vector<TraceRecord> records_;
};

}  // namespace

Sighting sighting_of(const model::Record& record, const Entry& entry) {
  Sighting made;
  made.kind = entry.kind;
  made.identity = {sink::to_text(sink::Uuid{entry.id}), std::string(entry.part)};
  made.at = entry.at, made.origin = entry.origin;
  made.group = entry.group, made.replay_for = entry.replay_for;
  made.timestamp_ms = entry.timestamp_ms;
  made.pieces = entry.pieces;
  made.rows = entry.rows;
  made.message_type = text_of(record, header::message_type);
  made.key = record.key().value_or("");
  auto traceparent = text_of(record, header::traceparent);
  made.trace_id = trace_id_of(traceparent).value_or("");
  made.span_id = span_of(traceparent);
  if (auto hop = record.header(header::hop)) read_hop(*hop, made);
  made.reason = text_of(record, header::reason);
  made.error_kind = text_of(record, header::error_kind);
  made.error_message = text_of(record, header::error_message);
  made.error_code = text_of(record, header::error_code);
  if (entry.kind == Entry::Kind::dead) made.attempts = std::atoll(text_of(record, header::attempts).c_str());
  return made;
}

bool Trace::is_root(std::size_t index) const {
  const auto& origin = records[index].record.origin;
  return std::none_of(records.begin(), records.end(), [&](const TraceRecord& one) { return one.record.at == origin; });
}

Trace assembled(const Scene& scene, std::vector<Sighting> sightings, const RowsOfRecord& rows) {
  auto place = [](const Sighting& one) { return std::tie(one.timestamp_ms, one.at, one.kind); };
  std::sort(sightings.begin(), sightings.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  Trace trace;
  if (!sightings.empty()) trace.identity = sightings.front().identity;
  trace.records = Assembly(scene, sightings, rows).run();
  return trace;
}

bool has_lost_end(const Trace& trace) {
  if (trace.records.empty()) return true;
  return std::ranges::any_of(trace.records, [](const auto& record) { return std::ranges::any_of(record.hops, is_lost); });
}

std::set<TopicIndex> topics_of_open_ends(const Plan& plan, const Trace& trace) {
  std::set<TopicIndex> topics;
  for (const auto& record : trace.records)
    for (const auto& made : record.hops)
      if (const auto& hop = plan.hops[made.hop]; is_open(made))
        topics.insert({hop.output, hop.drops, hop.dead_letters});
  topics.erase(nobody);
  return topics;
}

std::optional<std::int64_t> time_of_id(std::string_view id) {
  auto bytes = uuid_bytes(id);
  if (!bytes || (*bytes)[6] >> 4 != 7) return std::nullopt;
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | (*bytes)[i];
  return ms;
}

}  // namespace loom::books
