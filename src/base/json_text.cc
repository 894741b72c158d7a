#include <array>
#include <bit>
#include <charconv>

#include "base/json_tape.h"

namespace loom::json {
namespace {

void append_value(std::string& to, ValueAccess value);

void append_object(std::string& to, ValueAccess object) {
  to += '{';
  bool first = true;
  scan_members(object, [&](std::string_view key, ValueAccess member) {
    if (!first) to += ',';
    first = false;
    append_string(to, key);
    to += ':';
    append_value(to, member);
    return true;
  });
  to += '}';
}

void append_array(std::string& to, ValueAccess array) {
  to += '[';
  bool first = true;
  scan_elements(array, [&](ValueAccess element) {
    if (!first) to += ',';
    first = false;
    append_value(to, element);
    return true;
  });
  to += ']';
}

template <class Number>
void append_chars(std::string& to, Number value) {
  std::array<char, 40> text;
  auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  to.append(text.data(), end);
}

void append_value(std::string& to, ValueAccess value) {
  switch (value.type()) {
    case '{':
      return append_object(to, value);
    case '[':
      return append_array(to, value);
    case '"':
      return append_string(to, value.string());
    case 'l':
      return append_chars(to, static_cast<std::int64_t>(value.number_bits()));
    case 'u':
      return append_chars(to, value.number_bits());
    case 'd':
      return append_number(to, std::bit_cast<double>(value.number_bits()));
    case 't':
      to += "true";
      return;
    case 'f':
      to += "false";
      return;
    default:
      to += "null";
      return;
  }
}

}  // namespace

std::string Value::text() const {
  std::string text;
  append_value(text, ValueAccess::of(*this));
  return text;
}

}  // namespace loom::json
