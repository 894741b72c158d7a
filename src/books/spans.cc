#include "books/spans.h"

#include <algorithm>
#include <map>

#include "loom/json.h"

namespace loom::books {
namespace {

enum class Kind { producer = 4, consumer = 5 };
constexpr int status_error = 2;

std::string without_dashes(std::string uuid) {
  std::erase(uuid, '-');
  return uuid;
}

std::string nanos_of(std::int64_t ms) { return std::to_string(ms) + "000000"; }

/// The attributes of a span or resource: [{"key":…,"value":{…}}].
class Attributes {
 public:
  Attributes& add(const std::string& key, const std::string& value) {
    if (!value.empty()) put(key, json::Writer{}.field("stringValue", value).text());
    return *this;
  }
  Attributes& add(const std::string& key, std::int64_t value) {
    put(key, json::Writer{}.field("intValue", std::to_string(value)).text());
    return *this;
  }
  [[nodiscard]] std::string text() const { return json::array_of(all_); }

 private:
  void put(const std::string& key, const std::string& value) {
    all_.push_back(json::Writer{}.field("key", key).raw("value", value).text());
  }
  std::vector<std::string> all_;
};

class Spans {
 public:
  Spans(const Plan& plan, const Trace& trace) : plan_(plan), trace_(trace) {}

  std::string run() {
    for (const auto& record : trace_.records) {
      add_record(record);
      for (const auto& hop : record.hops)
        if (hop.end) add_end(record.record, hop);
    }
    std::vector<std::string> resources;
    for (const auto& [service, spans] : spans_of_) {
      auto scope = json::Writer{}
                       .raw("scope", json::Writer{}.field("name", "loom").text())
                       .raw("spans", json::array_of(spans))
                       .text();
      auto about = Attributes{}.add("service.name", service.first).add("service.instance.id", service.second).text();
      resources.push_back(json::Writer{}
                              .raw("resource", json::Writer{}.raw("attributes", about).text())
                              .raw("scopeSpans", json::array_of({scope}))
                              .text());
    }
    return json::Writer{}.raw("resourceSpans", json::array_of(resources)).text();
  }

 private:
  [[nodiscard]] std::string topic_of(const Spot& spot) const {
    return spot.topic < plan_.topics.size() ? plan_.topics[spot.topic].get() : "?";
  }
  [[nodiscard]] std::string place_of(const Spot& spot) const {
    return topic_of(spot) + ":" + std::to_string(spot.partition) + ":" + std::to_string(spot.offset);
  }
  /// Where a record brought no ids, such as a foreign one, they follow from the message and the place.
  [[nodiscard]] std::string trace_id_of(const Sighting& one) const {
    return one.trace_id.empty() ? without_dashes(trace_.identity.message_id) : one.trace_id;
  }
  [[nodiscard]] std::string own_span_id(const Spot& at) const {
    return without_dashes(derived_message_id("span", topic_of(at), at.partition, at.offset)).substr(16);
  }
  [[nodiscard]] std::string span_id_of(const Sighting& one) const {
    return one.span_id.empty() ? own_span_id(one.at) : one.span_id;
  }
  [[nodiscard]] std::string parent_of(const Sighting& one) const {
    for (const auto& before : trace_.records)
      if (before.record.at == one.origin) return span_id_of(before.record);
    return "";
  }

  [[nodiscard]] Attributes about(const Sighting& one) const {
    return Attributes{}
        .add("messaging.system", "kafka")
        .add("messaging.message.id", trace_.identity.message_id)
        .add("messaging.destination.name", topic_of(one.at))
        .add("messaging.destination.partition.id", std::to_string(one.at.partition))
        .add("messaging.kafka.offset", one.at.offset)
        .add("messaging.kafka.message.key", one.key)
        .add("loom.part", one.identity.part);
  }

  json::Writer begun(const Sighting& one, const std::string& span_id, const std::string& name, Kind kind) const {
    json::Writer span;
    span.field("traceId", trace_id_of(one)).field("spanId", span_id);
    if (auto parent = parent_of(one); !parent.empty()) span.field("parentSpanId", parent);
    span.field("name", name)
        .field("kind", static_cast<int>(kind))
        .field("startTimeUnixNano", nanos_of(one.timestamp_ms - one.took_ms))
        .field("endTimeUnixNano", nanos_of(one.timestamp_ms));
    return span;
  }

  void add_record(const TraceRecord& it) {
    const auto& one = it.record;
    bool is_output = one.group != nobody;
    auto attributes = about(one);
    attributes.add("loom.message_type", one.message_type);
    if (is_output) attributes.add("loom.waited_ms", one.waited_ms).add("loom.attempts", one.attempts);
    for (const auto& hop : it.hops) add_outcome(attributes, hop);
    auto span = is_output ? begun(one, span_id_of(one), "process " + topic_of(one.origin), Kind::consumer)
                          : begun(one, span_id_of(one), "send " + topic_of(one.at), Kind::producer);
    put(one, span.raw("attributes", attributes.text()));
  }

  void add_outcome(Attributes& to, const TraceHop& hop) const {
    auto name = "loom.outcome." + plan_.groups[plan_.hops[hop.hop].group].get();
    to.add(name, std::string(name_of(hop.fate)));
    for (const auto& rows : hop.rows) to.add(name + ".rows." + rows.table.get(), rows.rows);
    for (const auto& into : hop.joined_into) to.add(name + ".into", place_of(into.at));
  }

  void add_end(const Sighting& from, const TraceHop& hop) {
    auto end = *hop.end;
    end.took_ms = 0, end.instance.clear();  // a dead letter still carries those of the hop before
    if (end.trace_id.empty()) end.trace_id = from.trace_id;
    bool is_dead = end.kind == Entry::Kind::dead;
    auto attributes = about(end);
    attributes.add("loom.outcome", std::string(name_of(is_dead ? Fate::dead : Fate::dropped))).add("loom.reason", end.reason);
    if (is_dead)
      attributes.add("error.type", end.error_kind).add("loom.error_code", end.error_code).add("loom.attempts", end.attempts);
    auto span = begun(end, own_span_id(end.at), "process " + topic_of(from.at), Kind::consumer);
    span.raw("attributes", attributes.text());
    if (is_dead)
      span.raw("status", json::Writer{}.field("code", status_error).field("message", end.error_message).text());
    put(end, span);
  }

  void put(const Sighting& by, const json::Writer& span) {
    auto service = by.group < plan_.groups.size() ? plan_.groups[by.group].get() : std::string("loom-api");
    spans_of_[{service, by.instance}].push_back(span.text());
  }

  const Plan& plan_;
  const Trace& trace_;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> spans_of_;  // by service and instance
};

}  // namespace

std::string spans_json(const Plan& plan, const Trace& trace) { return Spans(plan, trace).run(); }

}  // namespace loom::books
