// A trace in words and in JSON: pure.
#include <fmt/format.h>

#include <cmath>

#include "base/clock.h"
#include "books/trace.h"
#include "loom/json.h"

namespace loom::books {
namespace {

std::string place_of(const Spot& spot, const Plan& plan) {
  auto topic = spot.topic < plan.topics.size() ? plan.topics[spot.topic].get() : std::string("?");
  return topic + ":" + std::to_string(spot.partition) + ":" + std::to_string(spot.offset);
}

std::string time_of(std::int64_t ms) { return to_rfc3339(ms * 1000); }

/// The words after the fate.
std::string details_of(const TraceHop& hop, const Trace& trace, const Plan& plan) {
  std::string text;
  if (hop.fate == Fate::stored)
    for (const auto& rows : hop.rows)
      text += fmt::format("{}{} row{} of table {}", text.empty() ? "" : ", ", rows.rows, rows.rows == 1 ? "" : "s",
                          rows.table.get());
  if (hop.fate == Fate::emitted) {
    const auto& first = trace.records[hop.outputs.front()].record;
    text = fmt::format("by {} after waiting {} ms, took {} ms, {} attempt{}", first.instance, first.waited_ms,
                       first.took_ms, first.attempts, first.attempts == 1 ? "" : "s");
    if (hop.missing > 0) text += fmt::format(", {} of {} pieces not found", hop.missing, first.pieces);
  }
  if (hop.fate == Fate::dropped) text = fmt::format("'{}', {}", hop.end->reason, place_of(hop.end->at, plan));
  if (hop.fate == Fate::dead)
    text = fmt::format("{}{}: {} ({} attempts), {}", hop.end->error_kind,
                       hop.end->error_code.empty() ? "" : " " + hop.end->error_code, hop.end->error_message,
                       hop.end->attempts, place_of(hop.end->at, plan));
  for (const auto& into : hop.joined_into) text += fmt::format("{}into {}", text.empty() ? "" : ", ", place_of(into.at, plan));
  if (hop.fate == Fate::waiting) text = fmt::format("for {:.1f} s", static_cast<double>(hop.waiting_ms) / 1000);
  if (hop.fate == Fate::foreign) text = "settled by another program, or not for this group";
  if (hop.fate == Fate::lost && plan.hops[hop.hop].lookback.count() == 0)
    text = "settled, and nothing tells of it: run 'loom verify'";
  return text;
}

std::string_view fate_of(const TraceHop& hop, const Plan& plan) {
  bool may_be_joined = hop.fate == Fate::lost && plan.hops[hop.hop].lookback.count() > 0;
  return may_be_joined ? "joined or lost" : name_of(hop.fate);
}

void add_record(std::string& to, const Plan& plan, const Trace& trace, std::size_t index, int depth) {
  const auto& it = trace.records[index];
  std::string indent(static_cast<std::size_t>(depth) * 4, ' ');
  to += fmt::format("{}{}  {}{}{}{}\n", indent, place_of(it.record.at, plan), time_of(it.record.timestamp_ms),
                    it.record.identity.part.empty() ? "" : "  part " + it.record.identity.part,
                    it.record.replay_for == nobody ? "" : "  (a replay)",
                    it.continues_trace ? "" : "  (does not continue the trace of the record before)");
  for (const auto& hop : it.hops) {
    to += fmt::format("{}  {} {}: {}\n", indent, plan.groups[plan.hops[hop.hop].group].get(), fate_of(hop, plan),
                      details_of(hop, trace, plan));
    for (auto output : hop.outputs) add_record(to, plan, trace, output, depth + 1);
  }
}

json::Writer place_json(const Spot& spot, const Plan& plan) {
  json::Writer one;
  one.field("topic", spot.topic < plan.topics.size() ? plan.topics[spot.topic].get() : "")
      .field("partition", static_cast<std::int64_t>(spot.partition))
      .field("offset", spot.offset);
  return one;
}

std::string end_json(const Sighting& end, const Plan& plan) {
  auto one = place_json(end.at, plan);
  one.field("time", time_of(end.timestamp_ms));
  if (end.kind == Entry::Kind::dropped) return one.field("reason", end.reason).text();
  return one.field("error_kind", end.error_kind)
      .field("error_code", end.error_code)
      .field("error_message", end.error_message)
      .field("attempts", end.attempts)
      .text();
}

std::string hop_json(const TraceHop& hop, const Trace& trace, const Plan& plan) {
  json::Writer one;
  one.field("group", plan.groups[plan.hops[hop.hop].group].get()).field("fate", fate_of(hop, plan));
  if (!hop.outputs.empty()) {
    const auto& first = trace.records[hop.outputs.front()].record;
    one.field("instance", first.instance)
        .field("waited_ms", first.waited_ms)
        .field("took_ms", first.took_ms)
        .field("attempts", first.attempts);
  }
  std::vector<std::string> outputs, rows, joined;
  for (auto output : hop.outputs) outputs.push_back(place_json(trace.records[output].record.at, plan).text());
  for (const auto& into : hop.joined_into) joined.push_back(place_json(into.at, plan).text());
  for (const auto& of : hop.rows)
    rows.push_back(json::Writer{}.field("table", of.table.get()).field("rows", of.rows).text());
  one.raw("outputs", json::array_of(outputs)).raw("rows", json::array_of(rows));
  if (!joined.empty()) one.raw("joined_into", json::array_of(joined));
  if (hop.missing > 0) one.field("missing_pieces", static_cast<std::int64_t>(hop.missing));
  if (hop.end) one.raw(hop.end->kind == Entry::Kind::dead ? "dead_letter" : "drop", end_json(*hop.end, plan));
  if (hop.fate == Fate::waiting) one.field("waiting_ms", hop.waiting_ms);
  return one.text();
}

std::string record_json(const TraceRecord& it, const Trace& trace, const Plan& plan) {
  auto one = place_json(it.record.at, plan);
  one.field("part", it.record.identity.part)
      .field("message_type", it.record.message_type)
      .field("time", time_of(it.record.timestamp_ms))
      .field("trace_id", it.record.trace_id)
      .field("span_id", it.record.span_id)
      .field("continues_trace", it.continues_trace);
  if (it.record.origin.topic != nobody) one.raw("from", place_json(it.record.origin, plan).text());
  std::vector<std::string> hops;
  for (const auto& hop : it.hops) hops.push_back(hop_json(hop, trace, plan));
  return one.raw("hops", json::array_of(hops)).text();
}

}  // namespace

std::string trace_text(const Plan& plan, const Trace& trace) {
  std::string text = "message " + trace.identity.message_id;
  if (!trace.records.empty()) {
    const auto& first = trace.records.front().record;
    if (!first.message_type.empty()) text += "  " + first.message_type;
    if (!first.key.empty()) text += "  key " + first.key;
    if (!first.trace_id.empty()) text += "  trace " + first.trace_id;
  }
  text += "\n";
  for (std::size_t i = 0; i < trace.records.size(); ++i)
    if (trace.is_root(i)) add_record(text, plan, trace, i, 0);
  return text + fmt::format("{} records read in {:.2f} s{}\n", trace.read, trace.seconds,
                            trace.by_time ? ", by the time of the message" : "");
}

std::string trace_json(const Plan& plan, const Trace& trace) {
  std::vector<std::string> records;
  for (const auto& record : trace.records) records.push_back(record_json(record, trace, plan));
  return json::Writer{}
      .field("message_id", trace.identity.message_id)
      .raw("records", json::array_of(records))
      .field("read", trace.read)
      .field("seconds", std::round(trace.seconds * 1000) / 1000)
      .field("by_time", trace.by_time)
      .text();
}

}  // namespace loom::books
