#include "books/entry.h"

#include <gtest/gtest.h>

#include "books/shelf.h"
#include "books/wanted_rows.h"

namespace loom::books {
namespace {

Entry example(std::uint8_t number) {
  Entry entry;
  entry.kind = number % 2 ? Entry::Kind::dead : Entry::Kind::message;
  entry.id[3] = number;
  entry.part = number % 3 ? "" : "0.3";
  if (number % 3 == 0) entry.pieces = number;
  entry.at = {2, 5, 1'000'000'000'000 + number};
  entry.timestamp_ms = 1'764'000'000'000;
  if (number % 4) entry.group = 3, entry.origin = {1, 0, 77};
  if (number % 5 == 0) entry.replay_for = 0;
  entry.is_of_repeat = number % 7 == 0;
  if (number % 6 == 0) entry.fingerprint = 0xfedcba9876543210;
  if (number % 9 == 0) entry.rows = "x\0y";
  return entry;
}

void expect_same(const Entry& a, const Entry& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.part, b.part);
  EXPECT_EQ(a.pieces, b.pieces);
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.timestamp_ms, b.timestamp_ms);
  EXPECT_EQ(a.group, b.group);
  EXPECT_EQ(a.origin, b.origin);
  EXPECT_EQ(a.replay_for, b.replay_for);
  EXPECT_EQ(a.is_of_repeat, b.is_of_repeat);
  EXPECT_EQ(a.fingerprint, b.fingerprint);
  EXPECT_EQ(a.rows, b.rows);
}

TEST(Entry, ReadsWhatItWrote) {
  std::string bytes;
  for (std::uint8_t n = 0; n < 200; ++n) append(bytes, example(n));
  std::string_view rest = bytes;
  for (std::uint8_t n = 0; n < 200; ++n) {
    auto entry = next(rest);
    ASSERT_TRUE(entry);
    expect_same(*entry, example(n));
  }
  EXPECT_FALSE(next(rest));
}

TEST(Entry, OfAPlainRecordIsSmall) {
  std::string bytes;
  append(bytes, example(4));
  EXPECT_LE(bytes.size(), 48u);
}

TEST(Entry, CutBytesAreNoTrap) {
  std::string bytes;
  append(bytes, example(9));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view rest = std::string_view(bytes).substr(0, size);
    while (next(rest)) continue;
  }
}

TEST(Shelf, GivesBackEverythingBoxByBoxAlsoFromFiles) {
  for (std::size_t memory : {std::size_t{1} << 30, std::size_t{4096}}) {
    Shelf shelf(memory);
    constexpr int count = 20'000;
    for (int n = 0; n < count; ++n) {
      auto entry = example(static_cast<std::uint8_t>(n));
      entry.id[8] = static_cast<std::uint8_t>(n >> 8);
      ASSERT_TRUE(shelf.put(entry));
    }
    EXPECT_EQ(shelf.spilled() > 0, memory == 4096);
    int found = 0, boxes = 0;
    std::map<UuidBytes, int> box_of;
    ASSERT_TRUE(shelf.each_box([&](std::string_view bytes) -> Result<void> {
      ++boxes;
      while (auto entry = next(bytes)) {
        ++found;
        EXPECT_EQ(box_of.emplace(entry->id, boxes).first->second, boxes);
      }
      return {};
    }));
    EXPECT_EQ(found, count);
    EXPECT_GT(boxes, 100);
  }
}

TEST(RowsNote, ReadsWhatItWrote) {
  for (const auto& note : {RowsNote{}, RowsNote{true, "", {}}, RowsNote{false, "a = 'b'", {}}, RowsNote{false, "", {3, 0}},
                           RowsNote{false, "a = 1", {12}}}) {
    auto text = to_text(note);
    auto read = rows_note(text);
    EXPECT_EQ(read.is_refused, note.is_refused);
    EXPECT_EQ(read.condition, note.condition);
    EXPECT_EQ(read.elements, note.elements);
  }
}

}  // namespace
}  // namespace loom::books
