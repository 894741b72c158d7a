#include "books/entry.h"

#include <cstring>

namespace loom::books {
namespace {

enum Flag : std::uint8_t { has_group = 8, has_origin = 16, has_replay = 32, is_repeat = 64, has_rows = 128 };
constexpr std::uint8_t kind_mask = 7;

void put(std::string& to, std::uint64_t number) {
  for (; number >= 128; number >>= 7) to += static_cast<char>(number | 128);
  to += static_cast<char>(number);
}

std::uint64_t take(std::string_view& from) {
  std::uint64_t number = 0;
  for (int shift = 0; !from.empty() && shift < 64; shift += 7) {
    auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 127) << shift;
    if (byte < 128) break;
  }
  return number;
}

void put(std::string& to, std::string_view text) {
  put(to, text.size());
  to += text;
}

std::string_view take_text(std::string_view& from) {
  auto size = take(from);
  auto text = from.substr(0, size);
  from.remove_prefix(text.size());
  return text;
}

std::uint64_t unsigned_of(std::int64_t number) {  // small either way: zigzag
  return static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
}
std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

void put(std::string& to, const Spot& spot) {
  put(to, std::uint64_t{spot.topic});
  put(to, unsigned_of(spot.partition));
  put(to, unsigned_of(spot.offset));
}

Spot take_spot(std::string_view& from) {
  Spot spot;
  spot.topic = static_cast<TopicIndex>(take(from));
  spot.partition = static_cast<std::int32_t>(signed_of(take(from)));
  spot.offset = signed_of(take(from));
  return spot;
}

}  // namespace

void append(std::string& to, const Entry& entry) {
  auto flags = static_cast<std::uint8_t>(entry.kind);
  if (entry.group != nobody) flags |= has_group;
  if (entry.origin.topic != nobody) flags |= has_origin;
  if (entry.replay_for != nobody) flags |= has_replay;
  if (entry.is_of_repeat) flags |= is_repeat;
  if (!entry.rows.empty() || entry.fingerprint != 0) flags |= has_rows;
  to += static_cast<char>(flags);
  to.append(reinterpret_cast<const char*>(entry.id.data()), entry.id.size());
  put(to, entry.part);
  if (!entry.part.empty()) put(to, std::uint64_t{entry.pieces});
  put(to, entry.at);
  put(to, unsigned_of(entry.timestamp_ms));
  if (flags & has_group) put(to, std::uint64_t{entry.group});
  if (flags & has_origin) put(to, entry.origin);
  if (flags & has_replay) put(to, std::uint64_t{entry.replay_for});
  if (flags & has_rows) {
    to.append(reinterpret_cast<const char*>(&entry.fingerprint), sizeof entry.fingerprint);
    put(to, entry.rows);
  }
}

std::optional<Entry> next(std::string_view& from) {
  constexpr std::size_t least = 1 + sizeof(UuidBytes);
  if (from.size() < least) return std::nullopt;
  Entry entry;
  auto flags = static_cast<std::uint8_t>(from.front());
  entry.kind = static_cast<Entry::Kind>(flags & kind_mask);
  std::memcpy(entry.id.data(), from.data() + 1, entry.id.size());
  from.remove_prefix(least);
  entry.part = take_text(from);
  if (!entry.part.empty()) entry.pieces = static_cast<std::uint32_t>(take(from));
  entry.at = take_spot(from);
  entry.timestamp_ms = signed_of(take(from));
  if (flags & has_group) entry.group = static_cast<GroupIndex>(take(from));
  if (flags & has_origin) entry.origin = take_spot(from);
  if (flags & has_replay) entry.replay_for = static_cast<GroupIndex>(take(from));
  entry.is_of_repeat = (flags & is_repeat) != 0;
  if ((flags & has_rows) && from.size() >= sizeof entry.fingerprint) {
    std::memcpy(&entry.fingerprint, from.data(), sizeof entry.fingerprint);
    from.remove_prefix(sizeof entry.fingerprint);
    entry.rows = take_text(from);
  }
  return entry;
}

}  // namespace loom::books
