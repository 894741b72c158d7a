// Structured log lines on stderr: one JSON object a line, or plain text when stderr is a terminal.
// ERROR = data lost or an operator is needed; WARN = odd but recovered; INFO = lifecycle; nothing per message above
// DEBUG; payloads and secrets never. A Log is a cheap copy; use it from any thread.
//   log.info("partition assigned", {{"topic", "device.audio.raw"}, {"partition", 3}});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace loom {

enum class LogLevel { debug, info, warn, error };

struct LogField {
  std::string_view key;
  std::variant<std::string, std::int64_t, double, bool> value;
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <class T>
  requires std::is_integral_v<T> LogField(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

class Log {
 public:
  using Fields = std::initializer_list<LogField>;
  /// `part` names the process or component in every line ("api", "run moondream-ocr-consumer").
  static Log to_stderr(std::string part, LogLevel level);
  static Log silent();

  void debug(std::string_view what, Fields fields = {}) const { write(LogLevel::debug, what, fields); }
  void info(std::string_view what, Fields fields = {}) const { write(LogLevel::info, what, fields); }
  void warn(std::string_view what, Fields fields = {}) const { write(LogLevel::warn, what, fields); }
  void error(std::string_view what, Fields fields = {}) const { write(LogLevel::error, what, fields); }

 private:
  void write(LogLevel level, std::string_view what, Fields fields) const;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace loom
