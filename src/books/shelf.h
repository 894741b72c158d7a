// Entries sorted into boxes by their message's id, so that each box holds everything of its messages and fits into
// memory. What is more than the budget goes to temporary files (without a name: they vanish with the process).
// Ownership: the shelf owns bytes and files. Threads: one. Errors: unavailable (disk full, no temporary folder).
//   Shelf shelf({.memory = 256 MiB});  shelf.put(entry);  shelf.each_box([&](std::string_view entries) { … });
#pragma once

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "books/entry.h"
#include "loom/error.h"

namespace loom::books {

class Shelf {
 public:
  static constexpr std::size_t boxes = 128;
  explicit Shelf(std::size_t memory) : memory_(memory) {}

  Result<void> put(const Entry& entry);
  /// One box after the other, each thrown away after its visit. An error of `visit` ends it.
  Result<void> each_box(const std::function<Result<void>(std::string_view entries)>& visit);
  [[nodiscard]] std::uint64_t spilled() const { return spilled_; }  // bytes in files

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Box {
    std::string bytes;
    std::unique_ptr<std::FILE, Close> file;
    std::size_t in_file = 0;
  };
  Result<void> spill();
  Result<void> bring_back(Box& box);

  std::size_t memory_, held_ = 0;
  std::uint64_t spilled_ = 0;
  std::array<Box, boxes> boxes_;
};

}  // namespace loom::books
