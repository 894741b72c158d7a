#include "books/trace.h"

#include "books/books_fixture.h"
#include "books/spans.h"
#include "runner/compose.h"

namespace loom::books {
namespace {

constexpr const char* id = "0198f0c2-1111-7222-8333-444455556666";

/// Sightings as the clerk and the runner's own composer make them.
struct Scenery {
  Example example;
  std::vector<Sighting> sightings;
  std::int64_t now = 0;

  void see(const model::Record& record) {
    Clerk clerk(example.scene, "cluster", {});
    clerk.write(record, [&](const Entry& entry) { sightings.push_back(sighting_of(record, entry)); });
  }
  model::Record put(model::OutRecord out, std::int64_t offset) {
    model::Record::Parts parts;
    parts.topic = out.topic.get(), parts.partition = 0, parts.offset = offset, parts.timestamp_ms = 1000 + ++now;
    parts.key = out.key, parts.value = std::move(out.value), parts.headers = std::move(out.headers);
    auto record = model::Record::of(std::move(parts));
    see(record);
    return record;
  }
  model::Record message(std::int64_t offset) {
    return put({TopicName{"in"}, "phone", R"({"data":{}})",
                {{"message_id", id}, {"part", ""}, {"message_type", "note"},
                 {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}, 0, {}},
               offset);
  }
  [[nodiscard]] static runner::Composer composer() {
    return runner::Composer({ConsumerGroup{"g"}, "command", "here-1", "cluster", TopicName{"out"}, {}, [] { return 5'000'000; }});
  }
  void emit(const model::Record& from, std::vector<std::int64_t> offsets) {
    Emit emit;
    for (std::size_t i = 0; i < offsets.size(); ++i)
      emit.messages.push_back({"{}", std::nullopt, offsets.size() > 1 ? std::to_string(i) : ""});
    json::Document document;
    auto outputs = composer().outputs(from, emit, {12'000, 34'000, 2}, document);
    ASSERT_TRUE(outputs);
    for (std::size_t i = 0; i < offsets.size(); ++i) put(std::move((*outputs)[i]), offsets[i]);
  }
  [[nodiscard]] Trace trace(std::int64_t rows = 0) const {
    return assembled(example.scene, sightings, [rows](std::size_t, const Sighting& record) {
      return std::vector<RowsOfTable>{{TableName{"t"}, record.identity.part == "1" ? 0 : rows}};
    });
  }
  [[nodiscard]] const TraceHop& hop(const Trace& trace, std::size_t record, const std::string& group) const {
    for (const auto& one : trace.records[record].hops)
      if (example.plan.groups[example.plan.hops[one.hop].group].get() == group) return one;
    ADD_FAILURE() << "no hop of " << group;
    return trace.records[record].hops.front();
  }
};

TEST(Trace, FollowsTheMessageThroughItsPieces) {
  Scenery it;
  auto first = it.message(3);
  it.emit(first, {8, 9});
  auto trace = it.trace(1);
  ASSERT_EQ(trace.records.size(), 3u);
  const auto& stage = it.hop(trace, 0, "g");
  EXPECT_EQ(stage.fate, Fate::emitted);
  EXPECT_EQ(stage.outputs, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(trace.records[1].record.instance, "here-1");
  EXPECT_EQ(trace.records[1].record.waited_ms, 12);
  EXPECT_EQ(trace.records[1].record.took_ms, 34);
  EXPECT_EQ(trace.records[1].record.attempts, 2);
  EXPECT_TRUE(trace.records[1].continues_trace);
  EXPECT_EQ(it.hop(trace, 1, "sink").fate, Fate::stored);
  EXPECT_EQ(it.hop(trace, 2, "sink").fate, Fate::lost);
  EXPECT_TRUE(has_lost_end(trace));
  EXPECT_TRUE(trace.is_root(0));
  EXPECT_FALSE(trace.is_root(1));
  auto text = trace_text(it.example.plan, trace);
  for (const char* said : {id, "in:0:3", "g emitted: by here-1 after waiting 12 ms, took 34 ms, 2 attempts", "out:0:9",
                           "part 1", "sink stored: 1 row of table t"})
    EXPECT_NE(text.find(said), std::string::npos) << said << " in\n" << text;
  json::Document document;
  EXPECT_TRUE(document.parse(trace_json(it.example.plan, trace)));
}

TEST(Trace, TellsHowItEnded) {
  Scenery dropped;
  dropped.put(Scenery::composer().drop(dropped.message(3), "silence"), 4);
  EXPECT_EQ(dropped.hop(dropped.trace(), 0, "g").fate, Fate::dropped);
  EXPECT_NE(trace_text(dropped.example.plan, dropped.trace()).find("'silence', drops.g:0:4"), std::string::npos);

  Scenery dead;
  dead.put(Scenery::composer().dead_letter(dead.message(3), Error{ErrorKind::invalid_value, "n is 'x'", "n", "", "22P02"}, {}), 6);
  EXPECT_EQ(dead.hop(dead.trace(), 0, "g").fate, Fate::dead);
  EXPECT_NE(trace_text(dead.example.plan, dead.trace()).find("invalid_value 22P02: n is 'x'"), std::string::npos);

  Scenery waiting;
  waiting.example.scene.hops[waiting.example.hop("g", "in")].next = {3};
  auto first = waiting.message(3);
  auto trace = waiting.trace(1);
  EXPECT_EQ(waiting.hop(trace, 0, "g").fate, Fate::waiting);
  EXPECT_FALSE(has_lost_end(trace));
  EXPECT_TRUE(topics_of_open_ends(waiting.example.plan, trace).contains(waiting.example.plan.topic("out")));
  waiting.emit(first, {8});
  EXPECT_EQ(waiting.hop(waiting.trace(1), 0, "g").fate, Fate::emitted);
}

TEST(Trace, WhatIsOpenIsAwaitedWhereItsTraceWouldLie) {
  Scenery it;
  auto topic = [&](const char* name) { return it.example.plan.topic(name); };
  EXPECT_TRUE(topics_of_open_ends(it.example.plan, it.trace(1)).empty());
  auto first = it.message(3);
  auto awaited = topics_of_open_ends(it.example.plan, it.trace(1));
  EXPECT_TRUE(awaited.contains(topic("out")) && awaited.contains(topic("drops.g")));
  EXPECT_FALSE(awaited.contains(topic("in")) || awaited.contains(nobody));
  it.emit(first, {8});
  EXPECT_FALSE(topics_of_open_ends(it.example.plan, it.trace(1)).contains(topic("drops.g")));
}

TEST(Trace, APieceThatIsNotThereIsAwaited) {
  Scenery it;
  it.emit(it.message(3), {8, 9, 10});
  std::erase_if(it.sightings, [](const Sighting& one) { return one.identity.part == "2"; });
  auto trace = it.trace(1);
  EXPECT_EQ(it.hop(trace, 0, "g").missing, 1u);
  EXPECT_TRUE(has_lost_end(trace));
  EXPECT_TRUE(topics_of_open_ends(it.example.plan, trace).contains(it.example.plan.topic("out")));
  EXPECT_NE(trace_text(it.example.plan, trace).find(", 1 of 3 pieces not found"), std::string::npos);
  EXPECT_NE(trace_json(it.example.plan, trace).find(R"("missing_pieces":1)"), std::string::npos);
}

TEST(Trace, AsSpansOfOpenTelemetry) {
  Scenery it;
  auto first = it.message(3);
  it.emit(first, {8});
  it.put(Scenery::composer().dead_letter(first, Error{ErrorKind::invalid_value, "n is 'x'", "n", "", "22P02"}, {}), 6);
  auto trace = it.trace(1);
  auto text = spans_json(it.example.plan, trace);
  json::Document document;
  ASSERT_TRUE(document.parse(text)) << text;
  auto holds = [&](const std::string& said) { EXPECT_NE(text.find(said), std::string::npos) << said << " in " << text; };
  holds(R"("traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"send in","kind":4)");
  holds(R"("parentSpanId":"b7ad6b7169203331","name":"process in","kind":5,"startTimeUnixNano":"968000000","endTimeUnixNano":"1002000000")");
  holds(R"({"key":"loom.outcome.sink","value":{"stringValue":"stored"}})");
  holds(R"({"key":"service.name","value":{"stringValue":"g"}},{"key":"service.instance.id","value":{"stringValue":"here-1"}})");
  holds(R"("status":{"code":2,"message":"n is 'x'"})");
  EXPECT_EQ(text, spans_json(it.example.plan, trace));
}

TEST(Trace, AnOutputWithAnotherTraceIdIsTold) {
  Scenery it;
  auto first = it.message(3);
  it.put({TopicName{"out"}, "phone", "{}",
          {{"message_id", id}, {"part", ""}, {"loom-hop", R"({"group":"g","from":"in/0/3"})"},
           {"traceparent", "00-11111111111111111111111111111111-b7ad6b7169203331-01"}}, 0, {}}, 8);
  EXPECT_FALSE(it.trace().records[1].continues_trace);
}

TEST(Trace, TheTimeOfAnId) {
  EXPECT_EQ(time_of_id("0198f0c2-1111-7222-8333-444455556666"), 0x0198f0c21111);
  EXPECT_EQ(time_of_id("0198f0c2-1111-4222-8333-444455556666"), std::nullopt);
  EXPECT_EQ(time_of_id("no id"), std::nullopt);
}

}  // namespace
}  // namespace loom::books
