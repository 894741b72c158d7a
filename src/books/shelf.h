// Entries sorted into boxes by their message's id, so that each box holds everything of its messages and is small enough
// to be judged at once. A box that has had its share of the memory goes to the end of one temporary file (without a
// name: it vanishes with the process). Ownership: the shelf owns bytes and file. Threads: one.
// Errors: unavailable (disk full, no temporary folder).
//   Shelf shelf(128 << 20);  shelf.put(entry);  shelf.each_box([&](std::string_view entries) { … });
#pragma once

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "books/entry.h"
#include "loom/error.h"

namespace loom::books {

class Shelf {
 public:
  static constexpr std::size_t boxes = 1024;
  explicit Shelf(std::size_t memory) : most_(memory / boxes) {}

  Result<void> put(const Entry& entry);
  /// One box after the other, each thrown away after its visit. An error of `visit` ends it.
  Result<void> each_box(const std::function<Result<void>(std::string_view entries)>& visit);
  [[nodiscard]] std::uint64_t spilled() const { return spilled_; }  // bytes in the file

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Piece {
    std::uint64_t at = 0;
    std::size_t size = 0;
  };
  struct Box {
    std::string bytes;
    std::vector<Piece> in_file;
  };
  Result<void> write_out(Box& box);
  Result<void> bring_back(const Box& box, std::string& all);

  std::size_t most_;  // bytes of a box in memory
  std::uint64_t spilled_ = 0;
  std::array<Box, boxes> boxes_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace loom::books
