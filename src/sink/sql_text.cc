#include "sink/sql_text.h"

namespace loom::sink {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string to(1, quote);
  for (char c : text) {
    if (c == quote) to += quote;
    to += c;
  }
  return to += quote;
}

}  // namespace

std::string quoted_name(std::string_view name) { return quoted(name, '"'); }
std::string quoted_text(std::string_view text) { return quoted(text, '\''); }

std::string quoted_names(const std::vector<std::string>& names) {
  std::string to;
  for (const auto& name : names) {
    if (!to.empty()) to += ", ";
    to += quoted_name(name);
  }
  return to;
}

}  // namespace loom::sink
