#include "engines/messagepack.h"

#include <bit>
#include <cstdint>

namespace loom::engines::messagepack {
namespace {

constexpr int deepest = 16;

/// Reads by position; once something is missing or strange, `wrong` stays.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool wrong() const { return wrong_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  std::uint64_t big_endian(std::size_t count) {
    std::uint64_t value = 0;
    for (char c : take(count)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      wrong_ = true;
      rest_ = {};
      return {};
    }
    auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t fail() {
    wrong_ = true;
    rest_ = {};
    return 0;
  }

  /// A map's number of members.
  std::uint64_t map_size() {
    auto kind = static_cast<unsigned>(big_endian(1));
    if ((kind & 0xf0) == 0x80) return kind & 0x0f;
    if (kind == 0xde || kind == 0xdf) return big_endian(kind == 0xde ? 2 : 4);
    return fail();
  }

  /// A text or a number; nullopt for what was passed over.
  std::optional<std::variant<std::string, double>> value(int depth = 0) {
    using Some = std::variant<std::string, double>;
    auto kind = static_cast<unsigned>(big_endian(1));
    if (wrong_ || depth > deepest) return fail(), std::nullopt;
    auto text = [&](std::size_t size) { return Some(std::string(take(size))); };
    if (kind < 0x80) return Some(static_cast<double>(kind));
    if (kind >= 0xe0) return Some(static_cast<double>(static_cast<int>(kind) - 256));
    if ((kind & 0xe0) == 0xa0) return text(kind & 0x1f);
    if ((kind & 0xf0) == 0x90) return pass(kind & 0x0f, depth);
    if ((kind & 0xf0) == 0x80) return pass(2 * (kind & 0x0f), depth);
    switch (kind) {
      case 0xc0: case 0xc2: case 0xc3:  // nil, false, true
        return std::nullopt;
      case 0xc4: case 0xc5: case 0xc6:  // bytes
        take(big_endian(1U << (kind - 0xc4)));
        return std::nullopt;
      case 0xca:
        return Some(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(big_endian(4)))));
      case 0xcb:
        return Some(std::bit_cast<double>(big_endian(8)));
      case 0xcc: case 0xcd: case 0xce: case 0xcf:
        return Some(static_cast<double>(big_endian(1U << (kind - 0xcc))));
      case 0xd0:
        return Some(static_cast<double>(static_cast<std::int8_t>(big_endian(1))));
      case 0xd1:
        return Some(static_cast<double>(static_cast<std::int16_t>(big_endian(2))));
      case 0xd2:
        return Some(static_cast<double>(static_cast<std::int32_t>(big_endian(4))));
      case 0xd3:
        return Some(static_cast<double>(static_cast<std::int64_t>(big_endian(8))));
      case 0xd9: case 0xda: case 0xdb:
        return text(big_endian(1U << (kind - 0xd9)));
      case 0xdc: case 0xdd:
        return pass(big_endian(kind == 0xdc ? 2 : 4), depth);
      case 0xde: case 0xdf:
        return pass(2 * big_endian(kind == 0xde ? 2 : 4), depth);
      default:  // extensions are not spoken here
        return fail(), std::nullopt;
    }
  }

 private:
  std::nullopt_t pass(std::uint64_t count, int depth) {
    for (; count > 0 && !wrong_; --count) (void)value(depth + 1);
    return std::nullopt;
  }
  std::string_view rest_;
  bool wrong_ = false;
};

}  // namespace

void Writer::big_endian(std::uint64_t value, int count) {
  for (int i = count - 1; i >= 0; --i) bytes_ += static_cast<char>(value >> (8 * i) & 0xff);
}

Writer& Writer::map(std::size_t members) {
  if (members < 16) return big_endian(0x80 | members, 1), *this;
  return big_endian(0xde, 1), big_endian(members, 2), *this;
}

Writer& Writer::text(std::string_view text) {
  if (text.size() < 32)
    big_endian(0xa0 | text.size(), 1);
  else
    big_endian(0xdb, 1), big_endian(text.size(), 4);
  bytes_ += text;
  return *this;
}

Writer& Writer::integer(std::uint32_t value) {
  if (value < 0x80) return big_endian(value, 1), *this;
  return big_endian(0xce, 1), big_endian(value, 4), *this;
}

Writer& Writer::number(double value) {
  return big_endian(0xcb, 1), big_endian(std::bit_cast<std::uint64_t>(value), 8), *this;
}

Writer& Writer::floats(std::span<const float> values) {
  big_endian(0xdd, 1);
  big_endian(values.size(), 4);
  for (float value : values) big_endian(0xca, 1), big_endian(std::bit_cast<std::uint32_t>(value), 4);
  return *this;
}

std::optional<std::string> Fields::text(const std::string& name) const {
  auto found = all.find(name);
  if (found == all.end() || !std::holds_alternative<std::string>(found->second)) return std::nullopt;
  return std::get<std::string>(found->second);
}

std::optional<double> Fields::number(const std::string& name) const {
  auto found = all.find(name);
  if (found == all.end() || !std::holds_alternative<double>(found->second)) return std::nullopt;
  return std::get<double>(found->second);
}

Result<Fields> read_map(std::string_view bytes) {
  Reader reader(bytes);
  Fields fields;
  auto members = reader.map_size();
  for (; members > 0 && !reader.wrong(); --members) {
    auto name = reader.value();
    if (!name || !std::holds_alternative<std::string>(*name)) reader.fail();
    if (auto value = reader.wrong() ? std::nullopt : reader.value())
      fields.all.insert_or_assign(std::get<std::string>(*name), std::move(*value));
  }
  if (!reader.wrong() && reader.at_end()) return fields;
  return fail(ErrorKind::malformed, "this is no MessagePack map");
}

}  // namespace loom::engines::messagepack
