#include "base/clock.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>

namespace loom {
namespace {

constexpr Micros second = 1'000'000;
constexpr Micros day = 86'400 * second;
constexpr Micros earliest = -62'167'219'200 * second;    // 0000-01-01T00:00:00Z
constexpr Micros latest = 253'402'300'800 * second - 1;  // 9999-12-31T23:59:59.999999Z

void put_digits(char* to, std::size_t count, std::uint64_t value) {
  while (count-- > 0) to[count] = static_cast<char>('0' + value % 10), value /= 10;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads from the front of a text; what fails leaves `ok` false for good.
struct Reader {
  std::string_view rest;
  bool ok = true;

  int number(std::size_t count) {
    if (rest.size() < count) return ok = false, 0;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest[i])) ok = false;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok = take(c) && ok; }
};

Micros take_fraction(Reader& reader) {
  if (!reader.take('.') && !reader.take(',')) return 0;
  Micros micros = 0;
  std::size_t count = 0;
  for (; !reader.rest.empty() && is_digit(reader.rest.front()); ++count, reader.rest.remove_prefix(1)) {
    if (count < 6) micros = micros * 10 + (reader.rest.front() - '0');
  }
  if (count == 0 || count > 9) reader.ok = false;
  for (auto i = count; i < 6; ++i) micros *= 10;
  return micros;
}

// How far the local time is ahead of UTC: "", "Z", "+01:00", "-0530", "+02".
Micros take_offset(Reader& reader) {
  if (reader.rest.empty() || reader.take('Z') || reader.take('z')) return 0;
  Micros sign = reader.take('-') ? -1 : 1;
  if (sign > 0) reader.expect('+');
  Micros hours = reader.number(2), minutes = 0;
  if (reader.take(':') || !reader.rest.empty()) minutes = reader.number(2);
  if (hours > 23 || minutes > 59) reader.ok = false;
  return sign * (hours * 3600 + minutes * 60) * second;
}

Micros take_date(Reader& reader) {
  int year = reader.number(4);
  reader.expect('-');
  auto month = static_cast<unsigned>(reader.number(2));
  reader.expect('-');
  auto day_of_month = static_cast<unsigned>(reader.number(2));
  if (!reader.ok) return 0;
  std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day_of_month}};
  if (!date.ok()) return reader.ok = false, 0;
  return std::chrono::sys_days(date).time_since_epoch().count() * day;
}

std::optional<Micros> parse_calendar(std::string_view text) {
  Reader reader{text};
  Micros date = take_date(reader);
  if (!reader.take('T') && !reader.take('t')) reader.expect(' ');
  int hour = reader.number(2);
  reader.expect(':');
  int minute = reader.number(2);
  reader.expect(':');
  int seconds = reader.number(2);
  Micros fraction = take_fraction(reader);
  Micros offset = take_offset(reader);
  if (!reader.ok || !reader.rest.empty() || hour > 23 || minute > 59 || seconds > 60) return std::nullopt;
  Micros time = date + (hour * 3600 + minute * 60 + seconds) * second - offset;
  // A leap second ends a UTC day; it is counted as the next day's first, as clocks without leap seconds do.
  if (seconds == 60 && time % day != 0) return std::nullopt;
  if (seconds != 60) time += fraction;
  if (time < earliest || time > latest) return std::nullopt;
  return time;
}

std::optional<Micros> parse_epoch(std::string_view text) {
  bool negative = text.starts_with('-');
  auto digits = negative ? text.substr(1) : text;
  double value = 0, scale = 1;
  bool fraction = false, any = false;
  for (char c : digits) {
    if (c == '.' && !fraction && any) {
      fraction = true, any = false;
      continue;
    }
    if (!is_digit(c)) return std::nullopt;
    any = true;
    if (fraction) {
      if (scale < 1e9) scale *= 10, value = value + (c - '0') / scale;
    } else {
      value = value * 10 + (c - '0');
    }
  }
  if (!any || digits.size() > 32) return std::nullopt;
  return time_of_number(negative ? -value : value);
}

}  // namespace

Micros now_micros() {
  using namespace std::chrono;
  return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Clock system_clock() { return now_micros; }

Micros steady_now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

Clock strictly_increasing(Clock clock) {
  constexpr Micros half_an_hour = 1'800'000'000;
  auto last = std::make_shared<std::atomic<Micros>>(std::numeric_limits<Micros>::min());
  return [clock = std::move(clock), last] {
    auto now = clock();
    auto before = last->load(std::memory_order_relaxed);
    Micros mine = 0;
    do {
      bool is_set_back = before > std::numeric_limits<Micros>::min() + half_an_hour && now < before - half_an_hour;
      mine = now > before || is_set_back ? now : before + 1;
    } while (!last->compare_exchange_weak(before, mine, std::memory_order_relaxed));
    return mine;
  };
}

void append_rfc3339(std::string& to, Micros time) {
  time = std::clamp(time, earliest, latest);  // years have four digits
  Micros days = time / day - (time % day < 0);
  Micros of_day = time - days * day;
  std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::array<char, 27> text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0', ':',
                            '0', '0', ':', '0', '0', '.', '0', '0', '0', '0', '0', '0', 'Z'};
  auto seconds = static_cast<std::uint64_t>(of_day / second);
  put_digits(text.data(), 4, static_cast<std::uint64_t>(static_cast<int>(date.year())));
  put_digits(text.data() + 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text.data() + 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text.data() + 11, 2, seconds / 3600);
  put_digits(text.data() + 14, 2, seconds / 60 % 60);
  put_digits(text.data() + 17, 2, seconds % 60);
  put_digits(text.data() + 20, 6, static_cast<std::uint64_t>(of_day % second));
  to.append(text.data(), text.size());
}

std::string to_rfc3339(Micros time) {
  std::string text;
  append_rfc3339(text, time);
  return text;
}

std::optional<Micros> parse_time(std::string_view text) {
  if (text.size() >= 5 && text[4] == '-') return parse_calendar(text);
  return parse_epoch(text);
}

std::optional<Micros> time_of_number(double epoch) {
  double size = std::abs(epoch), micros = epoch;
  if (!std::isfinite(epoch)) return std::nullopt;
  if (size < 1e11) {
    micros = epoch * 1e6;
  } else if (size < 1e14) {
    micros = epoch * 1e3;
  } else if (size >= 1e17) {
    micros = epoch / 1e3;
  }
  if (micros < static_cast<double>(earliest) || micros > static_cast<double>(latest)) return std::nullopt;
  return std::llround(micros);
}

}  // namespace loom
