#include "base/json_scan.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "loom/json.h"

namespace loom::json {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  void skip_space() {
    while (at_ < end_ && is_space(*at_)) ++at_;
  }
  [[nodiscard]] bool take(char c) {
    skip_space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool peek(char c) {
    skip_space();
    return at_ < end_ && *at_ == c;
  }
  /// The content of a string, escapes left as they are.
  [[nodiscard]] std::optional<std::string_view> take_string() {
    if (!take('"')) return std::nullopt;
    const char* begin = at_;
    while (at_ < end_) {
      const char* quote = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
      if (!quote) break;
      const char* slash = quote;
      while (slash > begin && slash[-1] == '\\') --slash;
      at_ = quote + 1;
      if ((quote - slash) % 2 == 0) return std::string_view(begin, static_cast<std::size_t>(quote - begin));
    }
    at_ = end_;
    return std::nullopt;
  }
  /// The text of a whole value.
  [[nodiscard]] std::optional<std::string_view> take_value() {
    skip_space();
    if (at_ == end_) return std::nullopt;
    const char* begin = at_;
    bool whole = *at_ == '"'                  ? take_string().has_value()
                 : *at_ == '{' || *at_ == '[' ? skip_container()
                                              : skip_scalar();
    if (!whole) return std::nullopt;
    return std::string_view(begin, static_cast<std::size_t>(at_ - begin));
  }

 private:
  bool skip_container() {
    std::size_t depth = 0;
    while (at_ < end_) {
      char c = *at_;
      if (c == '"') {
        if (!take_string()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }
  bool skip_scalar() {
    const char* begin = at_;
    while (at_ < end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && !is_space(*at_)) ++at_;
    return at_ > begin;
  }

  const char* at_;
  const char* end_;
};

template <class Visit>  // visit(key, raw) returns false to stop
void scan_object(std::string_view object, Visit&& visit) {
  Scanner scanner(object);
  if (!scanner.take('{') || scanner.peek('}')) return;
  do {
    auto key = scanner.take_string();
    if (!key || !scanner.take(':')) return;
    auto raw = scanner.take_value();
    if (!raw || !visit(*key, *raw)) return;
  } while (scanner.take(','));
}

std::optional<std::string_view> raw_element(std::string_view array, std::size_t index) {
  Scanner scanner(array);
  if (!scanner.take('[') || scanner.peek(']')) return std::nullopt;
  do {
    auto raw = scanner.take_value();
    if (!raw || index-- == 0) return raw;
  } while (scanner.take(','));
  return std::nullopt;
}

std::optional<std::uint32_t> hex4(std::string_view text) {
  std::uint32_t value = 0;
  if (text.size() < 4) return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (error != std::errc() || end != text.data() + 4) return std::nullopt;
  return value;
}

void append_utf8(std::string& to, std::uint32_t code) {
  auto byte = [&](std::uint32_t value) { to += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) return byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F));
  if (code < 0x10000) return byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F));
  byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F)), byte(0x80 | (code >> 6 & 0x3F)),
      byte(0x80 | (code & 0x3F));
}

// Appends what the escape at the start of `text` stands for; gives its length.
std::size_t append_escape(std::string& to, std::string_view text) {
  constexpr std::string_view letters = "bfnrt", meanings = "\b\f\n\r\t";
  if (text.size() < 2) return text.size();
  if (auto i = letters.find(text[1]); i != std::string_view::npos) return to += meanings[i], 2;
  if (text[1] != 'u') return to += text[1], 2;
  auto code = hex4(text.substr(2));
  if (!code) return 2;
  if (*code >= 0xD800 && *code < 0xDC00 && text.size() >= 12 && text.substr(6, 2) == "\\u") {
    if (auto low = hex4(text.substr(8)); low && *low >= 0xDC00 && *low < 0xE000) {
      return append_utf8(to, 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00)), 12;
    }
  }
  return append_utf8(to, *code), 6;
}

std::string unescaped(std::string_view text) {
  std::string to;
  while (!text.empty()) {
    auto slash = text.find('\\');
    to += text.substr(0, slash);
    if (slash == std::string_view::npos) break;
    text.remove_prefix(slash);
    text.remove_prefix(append_escape(to, text));
  }
  return to;
}

bool names(std::string_view written, std::string_view key) {
  if (written == key) return written.find('\\') == std::string_view::npos;
  if (written.size() <= key.size()) return false;  // an escape is longer than what it stands for
  return written.find('\\') != std::string_view::npos && unescaped(written) == key;
}

}  // namespace

std::optional<std::size_t> find_nul_escape(std::string_view validated) {
  const char* begin = validated.data();
  const char* end = begin + validated.size();
  for (const char* at = begin; at < end;) {
    at = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
    if (!at) break;
    if (end - at >= 6 && std::memcmp(at + 1, "u0000", 5) == 0) return static_cast<std::size_t>(at - begin);
    at += 2;  // over the escaped character, so that "\\\\u0000" is no escape
  }
  return std::nullopt;
}

std::optional<std::string_view> raw_member(std::string_view object, std::string_view key) {
  std::optional<std::string_view> found;
  scan_object(object, [&](std::string_view name, std::string_view raw) {
    if (!names(name, key)) return true;
    found = raw;
    return false;
  });
  return found;
}

std::optional<std::string_view> raw_path(std::string_view object, std::string_view dotted) {
  auto child = [](std::string_view of, std::string_view step) -> std::optional<std::string_view> {
    if (!Scanner(of).peek('[')) return raw_member(of, step);
    auto index = index_of_step(step);
    return index ? raw_element(of, *index) : std::nullopt;
  };
  return walk_path(object, dotted, child);
}

void each_raw_member(std::string_view object,
                     const std::function<void(std::string_view key, std::string_view raw)>& visit) {
  scan_object(object, [&](std::string_view key, std::string_view raw) { return visit(key, raw), true; });
}

}  // namespace loom::json
