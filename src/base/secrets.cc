#include "base/secrets.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace loom::config {
namespace {

constexpr std::string_view file_prefix = "file:";

std::string text_of_file(const Node& node, const std::string& name, Faults& faults) {
  auto path = std::filesystem::path(node.place().file).parent_path() / name;
  std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  if (!file.is_open() || std::filesystem::is_directory(path, ignored)) {
    faults.fault(node.place(), node.path() + ": the file '" + path.string() + "' cannot be read",
                 "name a file that this user may read");
    return {};
  }
  std::string text(std::istreambuf_iterator<char>(file), {});
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

std::string meaning_of(const Node& node, const std::string& name, Faults& faults) {
  if (name.starts_with(file_prefix)) return text_of_file(node, name.substr(file_prefix.size()), faults);
  if (const char* value = std::getenv(name.c_str())) return value;
  faults.fault(node.place(), node.path() + ": the environment variable '" + name + "' is not set",
               "set it, or write $${ for a plain ${");
  return {};
}

std::string expanded(const Node& node, Faults& faults) {
  auto rest = node.scalar();
  std::string text;
  for (auto at = rest.find("${"); at != std::string::npos; at = rest.find("${")) {
    if (at > 0 && rest[at - 1] == '$') {
      text += rest.substr(0, at - 1) + "${";
      rest.erase(0, at + 2);
      continue;
    }
    auto end = rest.find('}', at);
    if (end == std::string::npos) {
      faults.fault(node.place(), node.path() + ": '${' is not closed", "write ${NAME}, or $${ for a plain ${");
      return {};
    }
    text += rest.substr(0, at) + meaning_of(node, rest.substr(at + 2, end - at - 2), faults);
    rest.erase(0, end + 1);
  }
  return text + rest;
}

}  // namespace

Node with_secrets(const Node& root, const std::vector<std::string>& sections, Faults& faults) {
  return root.mapped([&](const Node& node) {
    auto section = node.path().substr(0, node.path().find('.'));
    bool wanted = std::find(sections.begin(), sections.end(), section) != sections.end();
    return wanted ? expanded(node, faults) : node.scalar();
  });
}

}  // namespace loom::config
