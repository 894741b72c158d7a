#include <bit>
#include <cmath>

#include "base/json_scan.h"
#include "base/json_tape.h"

namespace loom::json {
namespace {

constexpr std::uint64_t size_saturated = 0xFFFFFF;

std::optional<std::int64_t> whole(double number) {
  constexpr double limit = 9223372036854775808.0;  // 2^63: the largest int64 itself is no double
  if (!(number >= -limit && number < limit) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
    case Kind::unsigned_integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return "null";
}

Kind Value::kind() const {
  switch (ValueAccess::of(*this).type()) {
    case 't':
    case 'f':
      return Kind::boolean;
    case 'l':
      return Kind::integer;
    case 'u':
      return Kind::unsigned_integer;
    case 'd':
      return Kind::number;
    case '"':
      return Kind::string;
    case '[':
      return Kind::array;
    case '{':
      return Kind::object;
    default:
      return Kind::null;
  }
}

std::optional<std::string_view> Value::string() const {
  auto access = ValueAccess::of(*this);
  if (access.type() != '"') return std::nullopt;
  return access.string();
}

std::optional<std::int64_t> Value::integer() const {
  auto access = ValueAccess::of(*this);
  if (access.type() == 'l') return static_cast<std::int64_t>(access.number_bits());
  if (access.type() == 'd') return whole(std::bit_cast<double>(access.number_bits()));
  return std::nullopt;
}

std::optional<double> Value::number() const {
  auto access = ValueAccess::of(*this);
  switch (access.type()) {
    case 'l':
      return static_cast<double>(static_cast<std::int64_t>(access.number_bits()));
    case 'u':
      return static_cast<double>(access.number_bits());
    case 'd':
      return std::bit_cast<double>(access.number_bits());
    default:
      return std::nullopt;
  }
}

std::optional<bool> Value::boolean() const {
  auto type = ValueAccess::of(*this).type();
  if (type != 't' && type != 'f') return std::nullopt;
  return type == 't';
}

std::optional<Value> Value::get(std::string_view key) const {
  auto access = ValueAccess::of(*this);
  std::optional<Value> found;
  if (access.type() != '{') return found;
  scan_members(access, [&](std::string_view name, ValueAccess member) {
    if (name != key) return true;
    found = member.value();
    return false;
  });
  return found;
}

std::optional<Value> Value::at(std::size_t index) const {
  auto access = ValueAccess::of(*this);
  std::optional<Value> found;
  if (access.type() != '[') return found;
  scan_elements(access, [&](ValueAccess element) {
    if (index-- != 0) return true;
    found = element.value();
    return false;
  });
  return found;
}

std::optional<Value> Value::at_path(std::string_view dotted) const {
  auto child = [](const Value& of, std::string_view step) -> std::optional<Value> {
    if (of.kind() != Kind::array) return of.get(step);
    auto index = index_of_step(step);
    return index ? of.at(*index) : std::nullopt;
  };
  return walk_path(*this, dotted, child);
}

std::size_t Value::size() const {
  auto access = ValueAccess::of(*this);
  if (!access.is_container()) return 0;
  std::size_t size = (access.payload() >> 32) & size_saturated;
  if (size < size_saturated) return size;
  size = 0;
  auto count = [&](auto&&...) { return ++size, true; };
  access.type() == '{' ? scan_members(access, count) : scan_elements(access, count);
  return size;
}

void Value::each_member(const std::function<void(std::string_view key, Value value)>& visit) const {
  auto access = ValueAccess::of(*this);
  if (access.type() != '{') return;
  scan_members(access, [&](std::string_view key, ValueAccess member) { return visit(key, member.value()), true; });
}

void Value::each_element(const std::function<void(Value value)>& visit) const {
  auto access = ValueAccess::of(*this);
  if (access.type() != '[') return;
  scan_elements(access, [&](ValueAccess element) { return visit(element.value()), true; });
}

}  // namespace loom::json
