// Pieces of validated JSON text, copied as they are written: for what is spliced and not rewritten. Pure; any thread.
//   std::string to = "{";  raw_text::append_member(to, "a", "1.50");  to == R"({"a":1.50)"
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "loom/json.h"

namespace loom::model::raw_text {

/// Keys come as they are written; one with escapes ("\u0072esults") is still the same key.
inline std::string key_of(std::string_view written) {
  if (written.find('\\') == std::string_view::npos) return std::string(written);
  json::Document document;
  auto array = document.parse("[\"" + std::string(written) + "\"]");
  auto key = array ? array->at(0)->string() : std::nullopt;
  return std::string(key.value_or(written));
}

inline bool is_key(std::string_view written, std::string_view name) {
  if (written == name) return true;
  return written.find('\\') != std::string_view::npos && key_of(written) == name;
}

inline void append_key(std::string& to, std::string_view written) {
  if (to.back() != '{') to += ',';
  to += '"';
  to += written;
  to += "\":";
}

inline void append_member(std::string& to, std::string_view written, std::string_view raw) {
  append_key(to, written);
  append_large(to, raw);
}

inline bool is_object(std::string_view raw) { return !raw.empty() && raw.front() == '{'; }

}  // namespace loom::model::raw_text
