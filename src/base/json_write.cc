#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "loom/json.h"

namespace loom::json {
namespace {

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// The length of the start of `text` that can be copied as it is. Blocks of a fixed size become vector code.
std::size_t plain_length(std::string_view text) {
  using Byte = unsigned char;
  constexpr std::size_t block = 64;
  const auto* bytes = reinterpret_cast<const Byte*>(text.data());
  std::size_t at = 0;
  for (; at + block <= text.size(); at += block) {
    Byte bad = 0;
    for (std::size_t i = 0; i < block; ++i) {
      Byte c = bytes[at + i];
      auto control = static_cast<Byte>(c < 0x20);
      auto special = static_cast<Byte>((c == '"') | (c == '\\'));
      bad |= static_cast<Byte>(control | special);
    }
    if (bad) break;
  }
  while (at < text.size() && !needs_escape(text[at])) ++at;
  return at;
}

void append_escaped(std::string& to, char c) {
  constexpr std::string_view specials = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt", digits = "0123456789abcdef";
  to += '\\';
  if (auto i = specials.find(c); i != std::string_view::npos) {
    to += letters[i];
    return;
  }
  to += "u00";
  to += digits[static_cast<unsigned char>(c) >> 4];
  to += digits[static_cast<unsigned char>(c) & 15];
}

}  // namespace

void append_string(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    auto plain = plain_length(text);
    append_large(to, text.substr(0, plain));
    text.remove_prefix(plain);
    for (; !text.empty() && needs_escape(text.front()); text.remove_prefix(1)) append_escaped(to, text.front());
  }
  to += '"';
}

void append_number(std::string& to, double value) {
  if (!std::isfinite(value)) {
    to += "null";
    return;
  }
  std::array<char, 32> text;
  auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  to.append(text.data(), end);
}

void Writer::begin(std::string_view key) {
  if (text_.size() > 1) text_ += ',';
  append_string(text_, key);
  text_ += ':';
}

Writer& Writer::field(std::string_view key, std::string_view value) {
  begin(key);
  append_string(text_, value);
  return *this;
}

Writer& Writer::field(std::string_view key, std::int64_t value) {
  begin(key);
  text_ += std::to_string(value);
  return *this;
}

Writer& Writer::field(std::string_view key, double value) {
  begin(key);
  append_number(text_, value);
  return *this;
}

Writer& Writer::field(std::string_view key, bool value) {
  begin(key);
  text_ += value ? "true" : "false";
  return *this;
}

Writer& Writer::raw(std::string_view key, std::string_view json) {
  begin(key);
  append_large(text_, json);
  return *this;
}

std::string array_of(const std::vector<std::string>& elements) {
  std::string text = "[";
  for (const auto& element : elements) {
    if (text.size() > 1) text += ',';
    text += element;
  }
  return text + "]";
}

}  // namespace loom::json
