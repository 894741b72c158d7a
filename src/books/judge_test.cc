#include "books/judge.h"

#include "books/books_fixture.h"

namespace loom::books {
namespace {

using namespace std::chrono_literals;

/// What the tables of a test say: a kind, where it lies, whence, and which part.
struct Line {
  Entry::Kind kind = Entry::Kind::message;
  std::string topic;
  std::int64_t offset = 0;
  std::string from{};  // topic of the origin
  std::int64_t from_offset = -1;
  std::string group{};
  std::string_view part{};  // a literal: entries look at it
  std::string replay_for{};
  std::uint32_t pieces = 0;
  std::int64_t time = 0;
  bool is_of_repeat = false;
};
Line in(std::int64_t offset) { return {.topic = "in", .offset = offset}; }
Line out(std::int64_t offset, std::int64_t of, std::string_view part = "") {
  return {.topic = "out", .offset = offset, .from = "in", .from_offset = of, .group = "g", .part = part};
}
Line drop(std::int64_t of) {
  return {.kind = Entry::Kind::dropped, .topic = "drops.g", .from = "in", .from_offset = of, .group = "g"};
}
Line dead(std::int64_t of, std::string group = "g") {
  return {.kind = Entry::Kind::dead, .topic = "dlq." + group, .from = "in", .from_offset = of, .group = group};
}
Line as_repeat(Line end) {
  end.is_of_repeat = true;
  return end;
}
Line conflict(std::int64_t of) { return as_repeat(dead(of, "sink")); }
Line dropped_letter(std::int64_t of) {
  return {.kind = Entry::Kind::dropped, .topic = "drops.sink", .from = "in", .from_offset = of, .group = "sink"};
}
Line piece(std::int64_t offset, std::int64_t of, std::string_view part, std::uint32_t pieces) {
  auto line = out(offset, of, part);
  line.pieces = pieces;
  return line;
}
Line source(std::string_view part = "") {
  return {.kind = Entry::Kind::source, .topic = "out", .group = "g", .part = part};
}
Line foreign_out(std::string_view part) { return {.topic = "out", .part = part}; }
Line replay(std::int64_t offset, std::string group) {
  return {.topic = "in", .offset = offset, .replay_for = std::move(group)};
}

std::vector<Entry> entries_of(const std::vector<Line>& lines, const Plan& plan) {
  std::vector<Entry> entries;
  for (const auto& line : lines) {
    Entry entry;
    entry.kind = line.kind;
    entry.id = id_of(1);
    entry.part = line.part;
    entry.pieces = line.pieces;
    entry.is_of_repeat = line.is_of_repeat;
    entry.at = {plan.topic(line.topic), 0, line.offset};
    entry.timestamp_ms = line.time > 0 ? line.time : 1000 + line.offset;
    if (!line.group.empty()) entry.group = plan.group(line.group);
    if (!line.from.empty()) entry.origin = {plan.topic(line.from), 0, line.from_offset};
    if (!line.replay_for.empty()) entry.replay_for = plan.group(line.replay_for);
    entries.push_back(entry);
  }
  return entries;
}

/// What became of the message at the stage's hop.
HopTally at_stage(const Example& example, const std::vector<Line>& lines) {
  Judge judge(example.scene, {});
  judge.message(entries_of(lines, example.plan), [](std::size_t, const Entry&) { return nullptr; });
  return judge.close().hops[example.hop("g", "in")];
}

struct Case {
  std::string name;
  std::vector<Line> lines;
  Fate fate;
};

TEST(Judge, EndsOfAStage) {  // settled up to offset 50
  const Case cases[] = {
      {"an output", {in(3), out(9, 3)}, Fate::emitted},
      {"an output twice", {in(3), out(9, 3), out(10, 3)}, Fate::emitted},
      {"pieces", {in(3), out(9, 3, "0"), out(10, 3, "1")}, Fate::emitted},
      {"a piece is missing", {in(3), out(9, 3, "0"), out(10, 3, "2")}, Fate::lost},
      {"the last piece is missing", {in(3), piece(9, 3, "0", 3), piece(10, 3, "1", 3)}, Fate::lost},
      {"all pieces", {in(3), piece(9, 3, "0", 2), piece(10, 3, "1", 2)}, Fate::emitted},
      {"two pieces, cut short by a crash; then one", {in(3), piece(9, 3, "0", 2), piece(10, 3, "0", 1)}, Fate::emitted},
      {"a drop record", {in(3), drop(3)}, Fate::dropped},
      {"a dead letter", {in(3), dead(3)}, Fate::dead},
      {"a dead letter that was dropped by hand", {in(3), dead(3), drop(3)}, Fate::dropped},
      {"another group's dead letter", {in(3), dead(3, "sink")}, Fate::lost},
      {"nothing", {in(3)}, Fate::lost},
      {"not settled", {in(60)}, Fate::waiting},
      {"not settled, and emitted already", {in(60), out(9, 60)}, Fate::emitted},
      {"a repeat ends like the first", {in(3), in(5), drop(5)}, Fate::dropped},
      {"the first is lost, the repeat waits", {in(3), in(60)}, Fate::lost},
      {"an output of another record", {in(3), out(9, 4)}, Fate::lost},
      {"named in sources", {in(3), source()}, Fate::joined},
      {"another part is named", {in(3), source("1")}, Fate::lost},
      {"a foreign program's output", {in(3), foreign_out("0")}, Fate::emitted},
      {"dead, and its replay emitted", {in(3), dead(3), replay(7, "g"), out(9, 7)}, Fate::emitted},
      {"dead, and its replay lost", {in(3), dead(3), replay(7, "g")}, Fate::lost},
      {"dead, and its replay dead", {in(3), dead(3), replay(7, "g"), dead(7)}, Fate::dead},
      {"dead, and its replay waits", {in(3), dead(3), replay(60, "g")}, Fate::waiting},
      {"a replay for another group", {in(3), out(9, 3), replay(7, "sink")}, Fate::emitted},
  };
  for (const auto& one : cases) {
    Example here;
    here.scene.hops[here.hop("g", "in")].next = {50};
    auto tally = at_stage(here, one.lines);
    EXPECT_EQ(tally.of(one.fate), 1) << one.name;
    EXPECT_EQ(tally.identities, 1) << one.name;
    EXPECT_EQ(tally.breaches.size(), one.fate == Fate::lost ? 1u : 0u) << one.name;
  }
}

TEST(Judge, ARepeatThatIsDroppedAsOneIsNoEnd) {
  EXPECT_EQ(at_stage(Example(), {in(3), in(5), as_repeat(drop(5))}).of(Fate::lost), 1);
  EXPECT_EQ(at_stage(Example(), {in(3), as_repeat(drop(3))}).of(Fate::lost), 1);  // nothing came before it
}

TEST(Judge, ARepeatOfWhatCameBeforeThePeriodIsNotJudged) {
  Example example;
  for (auto& partition : example.scene.topics[example.plan.topic("in")]) partition.from = 4;
  EXPECT_EQ(at_stage(example, {in(3), in(5), as_repeat(drop(5))}).identities, 0);
  EXPECT_EQ(at_stage(example, {in(5), as_repeat(drop(5))}).identities, 0);
  EXPECT_EQ(at_stage(example, {in(5), as_repeat(drop(5)), in(7)}).of(Fate::lost), 1);
  EXPECT_EQ(at_stage(example, {in(5), as_repeat(drop(5)), in(7), out(9, 7)}).of(Fate::emitted), 1);

  RowsThere of_other_data{1, false, {8}, {}};
  auto entries = entries_of({in(5), as_repeat(drop(5)), conflict(5), {.kind = Entry::Kind::receipt, .topic = "in", .offset = 5}}, example.plan);
  entries[0].fingerprint = 7;
  Judge judge(example.scene, {.shown = 20, .by_receipts = true});
  judge.message(entries, [&](std::size_t, const Entry&) { return &of_other_data; });
  const auto& tally = judge.close();
  EXPECT_EQ(tally.hops[example.hop("sink", "in")].identities, 0);
  for (const auto& path : tally.paths) EXPECT_EQ(path.messages, 0);
  EXPECT_EQ(tally.receipts.found, 1);
  EXPECT_TRUE(tally.holds());
}

TEST(Judge, TwoTracesOfOneRecordAreRevisedNotDoubled) {
  auto tally = at_stage(Example(), {in(3), dead(3), out(9, 3)});
  EXPECT_EQ(tally.of(Fate::emitted), 1);
  EXPECT_EQ(tally.revised, 1);
}

TEST(Judge, GroupsWithForeignMembersReportForeign) {
  Example example;
  example.scene.hops[example.hop("g", "in")].is_foreign = true;
  EXPECT_EQ(at_stage(example, {in(3)}).of(Fate::foreign), 1);
}

TEST(Judge, WhereOthersEmittedTheRestIsTheirs) {
  Example example;
  Judge judge(example.scene, {});
  auto rows = [](std::size_t, const Entry&) { return nullptr; };
  judge.message(entries_of({in(3), foreign_out("")}, example.plan), rows);
  auto second = entries_of({in(4)}, example.plan);
  second[0].id = id_of(2);
  judge.message(second, rows);
  const auto& tally = judge.close().hops[example.hop("g", "in")];
  EXPECT_EQ(tally.of(Fate::foreign), 1);
  EXPECT_TRUE(tally.breaches.empty());
}

TEST(Judge, ATraceThatMayHaveExpiredIsNotMissed) {
  Example example;
  example.scene.hops[example.hop("g", "in")].horizon_ms = 1003;
  EXPECT_EQ(at_stage(example, {in(3)}).of(Fate::expired), 1);
  EXPECT_EQ(at_stage(example, {in(4)}).of(Fate::lost), 1);
}

TEST(Judge, WhatAJoiningStageMayStillHoldIsOpen) {
  Example example(60s);
  auto stage = example.hop("g", "in");
  EXPECT_EQ(at_stage(example, {{.topic = "in", .offset = 3, .time = 990'000}}).of(Fate::joined), 1);
  EXPECT_EQ(at_stage(example, {{.topic = "in", .offset = 3, .time = 900'000}}).of(Fate::lost), 1);
  example.scene.hops[stage].next = {50};  // it is behind: time stands still at the last settled record
  example.scene.hops[stage].settled_ms = {910'000};
  EXPECT_EQ(at_stage(example, {{.topic = "in", .offset = 3, .time = 900'000}}).of(Fate::joined), 1);
}

TEST(Judge, WhatAStoppedJoiningStageHeldIsOpen) {
  Example example(60s);
  auto& stage = example.scene.hops[example.hop("g", "in")];
  stage.settled_ms = {905'000};
  Line held{.topic = "in", .offset = 3, .time = 900'000};
  EXPECT_EQ(at_stage(example, {held}).of(Fate::lost), 1);
  stage.has_members = false;
  EXPECT_EQ(at_stage(example, {held}).of(Fate::joined), 1);
  held.time = 800'000;  // what was settled after it had ended it
  EXPECT_EQ(at_stage(example, {held}).of(Fate::lost), 1);
}

TEST(Judge, OnlyWhatIsInThePeriodIsJudged) {
  Example example;
  example.scene.topics[example.plan.topic("in")][0].from = 4;
  EXPECT_EQ(at_stage(example, {in(3)}).identities, 0);
}

struct SinkCase {
  std::string name;
  std::vector<Line> lines;
  RowsThere there;
  Fate fate;
  std::int64_t duplicated = 0, altered = 0;
};

TEST(Judge, EndsOfTheSink) {
  const std::string two_elements = to_text(RowsNote{false, "", {2}});
  const SinkCase cases[] = {
      {"a row", {in(3)}, {1, false, {}, {}}, Fate::stored},
      {"no row", {in(3)}, {}, Fate::lost},
      {"no row and a dead letter", {in(3), dead(3, "sink")}, {}, Fate::dead},
      {"other data came later, and the row", {in(3), in(4), conflict(4)}, {1, false, {7}, {}}, Fate::stored},
      {"other data was stored first", {in(3), conflict(3), in(4)}, {1, false, {7}, {}}, Fate::stored},
      {"other data came later, and no row", {in(3), in(4), conflict(4)}, {}, Fate::lost},
      {"the same, its letter dropped", {in(3), in(4), conflict(4), dropped_letter(4)}, {}, Fate::lost},
      {"the same, its replay refused, too", {in(3), in(4), conflict(4), replay(7, "sink"), conflict(7)}, {}, Fate::lost},
      {"the same, its replay waits", {in(3), in(4), conflict(4), replay(99, "sink")}, {}, Fate::waiting},
      {"dead, sent again, then other data, no row", {in(3), dead(3, "sink"), in(4), in(5), conflict(5)}, {}, Fate::lost},
      {"no row yet", {in(99)}, {}, Fate::waiting},
      {"two rows", {in(3)}, {2, false, {}, {}}, Fate::stored, 1},
      {"another message's row", {in(3)}, {1, true, {}, {}}, Fate::merged},
      {"the data's fingerprint", {in(3)}, {1, false, {7}, {}}, Fate::stored},
      {"the fingerprint of a later appearance", {in(3), in(4)}, {1, false, {7}, {}}, Fate::stored},
      {"other data", {in(3)}, {1, false, {8}, {}}, Fate::stored, 0, 1},
      {"all elements", {in(3)}, {1, false, {}, {2}}, Fate::stored},
      {"an element is missing", {in(3)}, {1, false, {}, {1}}, Fate::lost},
      {"an element twice", {in(3)}, {1, false, {}, {3}}, Fate::stored, 1},
      {"elements with a key of their own", {in(3)}, {1, false, {}, {-1}}, Fate::stored},
  };
  for (const auto& one : cases) {
    Example example;
    auto hop = example.hop("sink", "in");
    if (one.fate == Fate::waiting) example.scene.hops[hop].next = {99};
    auto entries = entries_of(one.lines, example.plan);
    for (auto& entry : entries) entry.fingerprint = 7, entry.rows = two_elements;
    Judge judge(example.scene, {});
    judge.message(entries, [&](std::size_t asked, const Entry&) { return asked == hop ? &one.there : nullptr; });
    const auto& tally = judge.close().hops[hop];
    EXPECT_EQ(tally.of(one.fate), 1) << one.name;
    EXPECT_EQ(tally.duplicated, one.duplicated) << one.name;
    EXPECT_EQ(tally.altered, one.altered) << one.name;
  }
}

TEST(Judge, ARowUnderAnotherKeyIsStillThere) {
  Example example;
  auto hop = example.hop("sink", "in");
  RowsThere none, one{1, false, {}, {}};
  Judge judge(example.scene, {});
  judge.message(entries_of({in(3), dead(3, "sink"), in(4), in(5), conflict(5)}, example.plan),
                [&](std::size_t, const Entry& entry) { return entry.at.offset == 3 ? &none : &one; });
  EXPECT_EQ(judge.close().hops[hop].of(Fate::dead), 1);
}

TEST(Judge, PathsEndWithTheWorstOfTheirPieces) {
  Example example;
  auto stored = example.hop("sink", "out");
  auto entries = entries_of({in(3), out(9, 3, "0"), out(10, 3, "1")}, example.plan);
  RowsThere row{1, false, {}, {}};
  Judge judge(example.scene, {});
  judge.message(entries, [&](std::size_t hop, const Entry& entry) {
    return hop == stored && entry.part == "0" ? &row : nullptr;
  });
  const auto& tally = judge.close();
  for (std::size_t i = 0; i < example.plan.paths.size(); ++i)
    EXPECT_EQ(tally.paths[i].of(Fate::lost), 1) << example.plan.text_of(example.plan.paths[i]);
  EXPECT_EQ(tally.hops[stored].of(Fate::stored), 1);
  EXPECT_EQ(tally.hops[stored].of(Fate::lost), 1);
  EXPECT_FALSE(tally.holds());
}

TEST(Judge, ReceiptsNeedTheirRecord) {
  Example example;
  auto lines = std::vector<Line>{in(3), {.kind = Entry::Kind::receipt, .topic = "in", .offset = 3},
                                 {.kind = Entry::Kind::receipt, .topic = "in", .offset = 4}};
  Judge judge(example.scene, {.shown = 20, .by_receipts = true});
  judge.message(entries_of(lines, example.plan), [](std::size_t, const Entry&) { return nullptr; });
  const auto& tally = judge.close().receipts;
  EXPECT_EQ(tally.found, 1);
  EXPECT_EQ(tally.missing, 1);
  ASSERT_EQ(tally.breaches.size(), 1u);
  EXPECT_EQ(tally.breaches[0].at.offset, 4);
}

}  // namespace
}  // namespace loom::books
