#include "base/log.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/bytes.h"
#include "base/clock.h"
#include "loom/json.h"

namespace loom {

enum class LogStyle { json, terminal };

struct Log::State {
  std::string part;
  LogLevel level;
  LogStyle style;
};

namespace {

std::string_view name_of(LogLevel level) {
  constexpr std::array<std::string_view, 4> names{"debug", "info", "warn", "error"};
  return names[static_cast<std::size_t>(level)];
}

// What a broker or a driver says is not always UTF-8; a line must stay valid JSON all the same.
void append_text(std::string& to, std::string_view text) {
  if (is_utf8(text)) return json::append_string(to, text);
  std::string readable(text);
  for (char& c : readable) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  json::append_string(to, readable);
}

void append_json_value(std::string& to, const LogField& field) {
  if (const auto* text = std::get_if<std::string>(&field.value)) append_text(to, *text);
  if (const auto* whole = std::get_if<std::int64_t>(&field.value)) to += std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&field.value)) json::append_number(to, *number);
  if (const auto* truth = std::get_if<bool>(&field.value)) to += *truth ? "true" : "false";
}

void append_member(std::string& to, std::string_view key, std::string_view text) {
  to += to.empty() ? "{\"" : ",\"";
  to += key;
  to += "\":";
  append_text(to, text);
}

std::string json_line(std::string_view part, LogLevel level, std::string_view what, Log::Fields fields) {
  std::string line;
  line.reserve(256);
  append_member(line, "time", to_rfc3339(now_micros()));
  append_member(line, "level", name_of(level));
  append_member(line, "part", part);
  append_member(line, "message", what);
  for (const auto& field : fields) {
    line += ',';
    append_text(line, field.key);
    line += ':';
    append_json_value(line, field);
  }
  return line + "}\n";
}

// Words stand bare; what has spaces, quotes or control characters is quoted, so that nothing can forge a line.
void append_terminal_value(std::string& to, const LogField& field) {
  const auto* text = std::get_if<std::string>(&field.value);
  bool bare = text && !text->empty();
  for (std::size_t i = 0; bare && i < text->size(); ++i) {
    auto c = static_cast<unsigned char>((*text)[i]);
    bare = c > ' ' && c < 0x7F && c != '"' && c != '=';
  }
  if (bare) {
    to += *text;
  } else {
    append_json_value(to, field);
  }
}

void append_without_controls(std::string& to, std::string_view text) {
  for (char c : text) to += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
}

std::string terminal_line(std::string_view part, LogLevel level, std::string_view what, Log::Fields fields) {
  auto time = to_rfc3339(now_micros());
  std::string line = time.substr(11, 12);
  line += ' ';
  line += name_of(level);
  line.append(6 - name_of(level).size(), ' ');
  append_without_controls(line, part);
  line += ": ";
  append_without_controls(line, what);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_terminal_value(line, field);
  }
  return line + "\n";
}

}  // namespace

Log Log::to_stderr(std::string part, LogLevel level) {
  Log log;
  auto style = isatty(STDERR_FILENO) ? LogStyle::terminal : LogStyle::json;
  log.state_ = std::make_shared<State>(State{std::move(part), level, style});
  return log;
}

Log Log::silent() { return {}; }

void Log::write(LogLevel level, std::string_view what, Fields fields) const {
  if (!state_ || level < state_->level) return;
  bool terminal = state_->style == LogStyle::terminal;
  auto line = (terminal ? terminal_line : json_line)(state_->part, level, what, fields);
  // One call a line, so that lines of several threads and processes do not mix. Nothing can be done if it fails.
  while (::write(STDERR_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace loom
