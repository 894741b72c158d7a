#include "base/complaint.h"

#include <algorithm>

#include "loom/json.h"

namespace loom {
namespace {

constexpr std::size_t longest_complaint = 300;

}  // namespace

std::string beginning_of(std::string_view text, std::size_t longest) {
  auto end = std::min(text.size(), longest);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  std::string plain(text.substr(0, end));
  std::replace_if(plain.begin(), plain.end(), [](unsigned char letter) { return letter < ' ' || letter == 0x7f; }, ' ');
  return plain;
}

std::string complaint_of(std::string_view body) {
  json::Document document;
  auto root = document.parse(body, {.depth = 64, .allow_nul = true});
  if (!root) return body.find('<') == std::string_view::npos ? beginning_of(body, longest_complaint) : std::string();
  for (const auto* path : {"error.message", "error", "detail", "message"})
    if (auto said = root->at_path(path); said && said->string()) return beginning_of(*said->string(), longest_complaint);
  return {};
}

}  // namespace loom
