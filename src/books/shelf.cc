#include "books/shelf.h"

#include <cstring>

namespace loom::books {
namespace {

constexpr std::size_t longest = 512;  // of most entries: a box that is nearly full takes one more without moving

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
  if (box.bytes.capacity() < most_) box.bytes.reserve(most_ + longest);
  append(box.bytes, entry);
  return box.bytes.size() < most_ ? Result<void>{} : write_out(box);
}

Result<void> Shelf::write_out(Box& box) {
  if (!file_) file_.reset(std::tmpfile());
  if (!file_) return trouble("opening");
  if (std::fwrite(box.bytes.data(), 1, box.bytes.size(), file_.get()) != box.bytes.size() ||
      std::fflush(file_.get()) != 0)
    return trouble("writing");
  box.in_file.push_back({spilled_, box.bytes.size()});
  spilled_ += box.bytes.size();
  box.bytes.clear();
  if (box.bytes.capacity() > most_ + 2 * longest) box.bytes.shrink_to_fit();
  return {};
}

Result<void> Shelf::bring_back(const Box& box, std::string& all) {
  for (const auto& piece : box.in_file) {
    auto before = all.size();
    all.resize(before + piece.size);
    if (fseeko(file_.get(), static_cast<off_t>(piece.at), SEEK_SET) != 0 ||
        std::fread(all.data() + before, 1, piece.size, file_.get()) != piece.size)
      return trouble("reading");
  }
  return {};
}

Result<void> Shelf::each_box(const std::function<Result<void>(std::string_view)>& visit) {
  std::string all;
  for (auto& box : boxes_) {
    all.clear();
    if (auto back = bring_back(box, all); !back) return back;
    all += box.bytes;
    box = {};
    if (all.empty()) continue;
    if (auto done = visit(all); !done) return done;
  }
  file_.reset();
  return {};
}

}  // namespace loom::books
