#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/config.h"

namespace loom::config {
namespace {

using Wrong = std::optional<std::string>;

struct Unit {
  std::string_view name;
  std::uint64_t size;
};
constexpr std::array<Unit, 7> byte_units{{{"GiB", 1ULL << 30},
                                          {"GB", 1'000'000'000},
                                          {"MiB", 1ULL << 20},
                                          {"MB", 1'000'000},
                                          {"KiB", 1ULL << 10},
                                          {"KB", 1'000},
                                          {"B", 1}}};
constexpr std::array<Unit, 5> time_units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// "8MiB", "1.5 s": a number times a unit, exact to one.
template <class Units>
std::optional<std::uint64_t> sized(std::string_view text, const Units& units) {
  auto unit_at = text.find_first_not_of("0123456789.");
  if (unit_at == 0 || unit_at == std::string_view::npos) return std::nullopt;
  auto digits = text.substr(0, unit_at), name = trimmed(text.substr(unit_at));
  for (const auto& unit : units) {
    if (unit.name != name) continue;
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (auto whole = number_of<std::uint64_t>(digits)) {
      return *whole <= largest / unit.size ? std::optional(*whole * unit.size) : std::nullopt;
    }
    auto number = number_of<double>(digits);
    if (!number) return std::nullopt;
    double product = *number * static_cast<double>(unit.size);
    if (product >= 9e15 || product != std::floor(product)) return std::nullopt;
    return static_cast<std::uint64_t>(product);
  }
  return std::nullopt;
}

template <class Units>
std::string in_units(std::uint64_t count, const Units& units) {
  for (const auto& unit : units) {
    if (count >= unit.size && count % unit.size == 0) return std::to_string(count / unit.size) + std::string(unit.name);
  }
  return std::to_string(count);
}

Wrong no_scalar(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::scalar:
      return std::nullopt;
    case Node::Kind::null:
      return "has no value";
    case Node::Kind::map:
      return "is a map, not a single value";
    case Node::Kind::sequence:
      return "is a list, not a single value";
    case Node::Kind::absent:
      return "is missing";
  }
  return std::nullopt;
}

template <class Number>
Wrong read_number(const Node& node, Number& to, std::string_view kind) {
  if (auto wrong = no_scalar(node)) return wrong;
  if (node.quoted()) return "is text in quotes, not " + std::string(kind);
  auto number = number_of<Number>(node.scalar());
  if (!number) return "is not " + std::string(kind);
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(*number)) return "is not " + std::string(kind);
  }
  to = *number;
  return std::nullopt;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    auto comma = text.find(',');
    if (auto part = trimmed(text.substr(0, comma)); !part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

bool needs_quotes(std::string_view text) {
  if (text.empty() || trimmed(text) != text || text.ends_with(':')) return true;
  if (text == "true" || text == "false" || text == "null" || text == "~" || number_of<double>(text)) return true;
  constexpr std::string_view first = "!&*-?[]{}|>@`\"'%#,:=";
  if (first.find(text.front()) != std::string_view::npos && !(text.size() > 1 && text.front() == '-')) return true;
  if (text.find_first_of(",[]{}\"\\\n\r\t") != std::string_view::npos) return true;  // they end a word inside a list
  return text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos;
}

}  // namespace

std::optional<Bytes> parse_bytes(std::string_view text) {
  text = trimmed(text);
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (auto plain = number_of<std::uint64_t>(text); plain && *plain <= largest) return Bytes{*plain};
  auto count = sized(text, byte_units);
  return count ? std::optional(Bytes{*count}) : std::nullopt;
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  text = trimmed(text);
  if (text == "0") return Milliseconds{0};
  if (text == "forever") return Milliseconds{-1};
  auto count = sized(text, time_units);
  return count ? std::optional(Milliseconds{static_cast<std::int64_t>(*count)}) : std::nullopt;
}

std::string to_string(Bytes bytes) {
  // The units of 1024 and 1000 in turn, largest first: the shortest exact text.
  return in_units(bytes.count, byte_units);
}

std::string to_string(Milliseconds duration) {
  if (duration.count() < 0) return "forever";
  return in_units(static_cast<std::uint64_t>(duration.count()), time_units);
}

Wrong read_value(const Node& node, std::string& to) {
  if (auto wrong = no_scalar(node)) return wrong;
  to = node.scalar();
  return std::nullopt;
}

Wrong read_value(const Node& node, bool& to) {
  if (auto wrong = no_scalar(node)) return wrong;
  auto text = node.scalar();
  if (node.quoted() || (text != "true" && text != "false")) return "is not true or false";
  to = text == "true";
  return std::nullopt;
}

Wrong read_value(const Node& node, std::int64_t& to) { return read_number(node, to, "a whole number"); }
Wrong read_value(const Node& node, int& to) { return read_number(node, to, "a whole number"); }
Wrong read_value(const Node& node, double& to) { return read_number(node, to, "a number"); }

Wrong read_value(const Node& node, Bytes& to) {
  if (auto wrong = no_scalar(node)) return wrong;
  auto bytes = parse_bytes(node.scalar());
  if (!bytes) return "is no size such as 512, 64KiB or 8MiB";
  to = *bytes;
  return std::nullopt;
}

Wrong read_value(const Node& node, Milliseconds& to) {
  if (auto wrong = no_scalar(node)) return wrong;
  auto duration = parse_duration(node.scalar());
  if (!duration) return "is no duration such as 250ms, 5s, 30m, 12h or 7d";
  to = *duration;
  return std::nullopt;
}

Wrong read_value(const Node& node, std::vector<std::string>& to) {
  if (node.kind() == Node::Kind::map) return "is a map, not a list";
  std::vector<std::string> values;
  if (node.is_scalar()) {  // one value, or what an environment variable can hold
    values = node.quoted() ? std::vector<std::string>{node.scalar()} : split(node.scalar());
  }
  for (const auto& element : node.elements()) {
    std::string value;
    if (auto wrong = read_value(element, value)) return "has an element that " + *wrong;
    values.push_back(std::move(value));
  }
  to = std::move(values);
  return std::nullopt;
}

Wrong read_value(const Node& node, std::map<std::string, std::string>& to) {
  if (node.is_sequence()) return "is a list, not a map";
  std::map<std::string, std::string> values;
  for (const auto& pair : split(node.scalar())) {  // "a=1, b=2", as in an environment variable
    auto equals = pair.find('=');
    if (equals == std::string::npos) return "is no map; write name=value, name=value";
    values[std::string(trimmed(std::string_view(pair).substr(0, equals)))] =
        trimmed(std::string_view(pair).substr(equals + 1));
  }
  for (const auto& [name, member] : node.members()) {
    if (auto wrong = read_value(member, values[name])) return "has a member '" + name + "' that " + *wrong;
  }
  to = std::move(values);
  return std::nullopt;
}

std::string print_value(const std::string& value) {
  if (!needs_quotes(value)) return value;
  std::string text = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n' || c == '\r' || c == '\t') {
      text += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else {
      text += c;
    }
  }
  return text + "\"";
}

std::string print_value(bool value) { return value ? "true" : "false"; }
std::string print_value(std::int64_t value) { return std::to_string(value); }
std::string print_value(int value) { return std::to_string(value); }

std::string print_value(double value) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string print_value(Bytes value) { return to_string(value); }
std::string print_value(Milliseconds value) { return to_string(value); }

std::string print_value(const std::vector<std::string>& value) {
  std::string text;
  for (const auto& element : value) text += (text.empty() ? "" : ", ") + print_value(element);
  return "[" + text + "]";
}

std::string print_value(const std::map<std::string, std::string>& value) {
  std::string text;
  for (const auto& [name, element] : value) {
    text += (text.empty() ? "" : ", ") + print_value(name) + ": " + print_value(element);
  }
  return "{" + text + "}";
}

}  // namespace loom::config
