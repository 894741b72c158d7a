// `loom trace`: every hop of one message, from the records that carry its id, and the rows that it has. The id of a
// message that Loom named says when it was made, so that only what was written since then is read, in growing windows,
// until nothing is open; any other id is looked for in everything, by headers alone.
// Threads: any; blocks while it reads. Errors: not_found, unavailable, usage.
//   auto trace = trace_message(sources, mappings, plan, {.id = "0198f0c2-…"});   trace_text(plan, *trace)
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "books/judge.h"
#include "books/open_books.h"
#include "model/mapping.h"

namespace loom::books {

/// A record that tells of the message.
struct Sighting {
  Entry::Kind kind = Entry::Kind::message;
  Identity identity;
  Spot at, origin;
  GroupIndex group = nobody, replay_for = nobody;
  std::int64_t timestamp_ms = 0;
  std::uint32_t pieces = 0;  // Entry::pieces
  std::string rows;          // Entry::rows
  std::string message_type, key, trace_id, span_id;
  std::string instance;  // that wrote it
  std::int64_t waited_ms = 0, took_ms = 0, attempts = 0;
  std::string reason;                                 // of a drop record
  std::string error_kind, error_message, error_code;  // of a dead letter
};
/// What the record itself says, beside the entry that the clerk made of it.
[[nodiscard]] Sighting sighting_of(const model::Record& record, const Entry& entry);

struct RowsOfTable {
  TableName table;
  std::int64_t rows = 0;
};

/// What one group made of one record.
struct TraceHop {
  std::size_t hop = 0;  // of the plan
  Fate fate = Fate::lost;
  std::vector<std::size_t> outputs;   // records of the trace
  std::size_t missing = 0;            // pieces of a split message that were not found
  std::optional<Sighting> end;        // drop record or dead letter
  std::vector<Sighting> joined_into;  // outputs that name it in their sources
  std::vector<RowsOfTable> rows;
  std::int64_t waiting_ms = 0;  // since it was written, while it waits
};
struct TraceRecord {
  Sighting record;
  std::vector<TraceHop> hops;
  bool continues_trace = true;  // same trace id as the record before, another span
};

struct Trace {
  Identity identity;
  std::vector<TraceRecord> records;  // in the order in which they were written; the first ones came from outside
  std::int64_t read = 0;
  double seconds = 0;
  bool by_time = false;  // the search was bounded by the id's time
  [[nodiscard]] bool is_root(std::size_t index) const;
};

/// Pure: hops and their ends from what was sighted. `rows` is asked for records that a sink reads.
using RowsOfRecord = std::function<std::vector<RowsOfTable>(std::size_t hop, const Sighting& record)>;
[[nodiscard]] Trace assembled(const Scene& scene, std::vector<Sighting> sightings, const RowsOfRecord& rows);
/// A group has settled a record, and what became of it, or a piece of that, was not found: it must lie somewhere.
[[nodiscard]] bool has_lost_end(const Trace& trace);
/// Where that would lie: outputs, drops and dead letters of those groups. Of those that have a record still to settle,
/// too: they write first and commit then.
[[nodiscard]] std::set<TopicIndex> topics_of_open_ends(const Plan& plan, const Trace& trace);

struct TraceWanted {
  std::string id;                       // a UUID, or topic:partition:offset
  std::string device;                   // instead: the message of this device …
  std::optional<std::int64_t> near_ms;  // … nearest to this time; with an id: where to look for it
  std::function<void(std::int64_t done, std::int64_t all)> progress = [](std::int64_t, std::int64_t) {};
};
[[nodiscard]] Result<Trace> trace_message(const Sources& sources, const model::Mappings& mappings, const Plan& plan,
                                          const TraceWanted& wanted);

/// When a version 7 id was made (ms); nullopt for others.
[[nodiscard]] std::optional<std::int64_t> time_of_id(std::string_view id);

[[nodiscard]] std::string trace_text(const Plan& plan, const Trace& trace);
[[nodiscard]] std::string trace_json(const Plan& plan, const Trace& trace);

}  // namespace loom::books
