#include "sink/postgres/numeric.h"

#include <charconv>

namespace loom::sink::postgres {
namespace {

/// value = 0.digits × 10^point
struct Decimal {
  bool negative = false;
  std::string digits;
  int point = 0;
};

void append16(std::string& to, int value) {
  to += static_cast<char>(value >> 8);
  to += static_cast<char>(value);
}

Decimal decimal_of(std::int64_t whole) {
  auto text = std::to_string(whole);
  Decimal made{whole < 0, whole < 0 ? text.substr(1) : text, 0};
  made.point = static_cast<int>(made.digits.size());
  return made;
}

Decimal decimal_of(double number) {
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  Decimal made;
  const char* at = buffer;
  if (*at == '-') made.negative = true, ++at;
  for (; at != end && *at != 'e'; ++at)
    if (*at != '.') made.digits += *at;
  int exponent = 0;
  if (at != end) std::from_chars(at + (at[1] == '+' ? 2 : 1), end, exponent);
  made.point = exponent + 1;
  return made;
}

int floor_of_quarter(int value) { return value >= 0 ? value / 4 : -((-value + 3) / 4); }

void append(std::string& to, Decimal decimal) {
  while (!decimal.digits.empty() && decimal.digits.back() == '0') decimal.digits.pop_back();
  int scale = std::max(0, static_cast<int>(decimal.digits.size()) - decimal.point);
  int weight = decimal.digits.empty() ? 0 : floor_of_quarter(decimal.point - 1);
  auto padded =
      std::string(decimal.digits.empty() ? 0 : static_cast<std::size_t>((weight + 1) * 4 - decimal.point), '0') +
      decimal.digits;
  while (padded.size() % 4 != 0) padded += '0';
  append16(to, static_cast<int>(padded.size() / 4));
  append16(to, weight);
  append16(to, decimal.negative && !padded.empty() ? 0x4000 : 0);
  append16(to, scale);
  for (std::size_t i = 0; i < padded.size(); i += 4) append16(to, std::stoi(padded.substr(i, 4)));
}

}  // namespace

bool append_numeric(std::string& to, const Cell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
    append(to, decimal_of(*whole));
  } else if (const auto* number = std::get_if<double>(&cell)) {
    append(to, decimal_of(*number));
  } else {
    return false;
  }
  return true;
}

}  // namespace loom::sink::postgres
