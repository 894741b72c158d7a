#include "books/shelf.h"

#include <cstring>

namespace loom::books {
namespace {

/// Client-made ids may differ in any of their bytes.
std::size_t box_of(const UuidBytes& id) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (auto byte : id) hash = (hash ^ byte) * 0x100000001b3;
  return (hash >> 32) % Shelf::boxes;
}

tl::unexpected<Error> trouble(const char* what) {
  return fail(ErrorKind::unavailable, std::string(what) + " a temporary file failed: " + std::strerror(errno),
              {.remedy = "make room where temporary files lie, or give more --memory"});
}

}  // namespace

Result<void> Shelf::put(const Entry& entry) {
  auto& box = boxes_[box_of(entry.id)];
  auto before = box.bytes.capacity();
  append(box.bytes, entry);
  held_ += box.bytes.capacity() - before;
  return held_ > memory_ ? spill() : Result<void>{};
}

Result<void> Shelf::spill() {
  for (auto& box : boxes_) {
    if (box.bytes.empty()) continue;
    if (!box.file) box.file.reset(std::tmpfile());
    if (!box.file) return trouble("opening");
    if (std::fwrite(box.bytes.data(), 1, box.bytes.size(), box.file.get()) != box.bytes.size() ||
        std::fflush(box.file.get()) != 0)
      return trouble("writing");
    box.in_file += box.bytes.size();
    spilled_ += box.bytes.size();
    box.bytes = {};
  }
  held_ = 0;
  return {};
}

Result<void> Shelf::bring_back(Box& box) {
  if (!box.file) return {};
  std::string all(box.in_file, '\0');
  std::rewind(box.file.get());
  if (std::fread(all.data(), 1, all.size(), box.file.get()) != all.size()) return trouble("reading");
  box.file.reset();
  box.bytes = all + box.bytes;
  return {};
}

Result<void> Shelf::each_box(const std::function<Result<void>(std::string_view)>& visit) {
  for (auto& box : boxes_) {
    if (auto back = bring_back(box); !back) return back;
    if (!box.bytes.empty())
      if (auto done = visit(box.bytes); !done) return done;
    box = {};
  }
  held_ = 0;
  return {};
}

}  // namespace loom::books
