#include "base/secrets.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace loom::config {
namespace {

constexpr std::string_view file_prefix = "file:";

struct Reading {
  Faults& faults;
  std::vector<std::string> variables;
};

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

std::string meaning_of(const Node& node, const std::string& name, Reading& to) {
  auto& faults = to.faults;
  if (name.starts_with(file_prefix)) return text_of_file(node, name.substr(file_prefix.size()), faults);
  to.variables.push_back(name);
  if (const char* value = std::getenv(name.c_str())) return value;
  faults.fault(node.place(), node.path() + ": the environment variable '" + name + "' is not set",
               "set it, or write $${ for a plain ${");
  return {};
}

std::string expanded(const Node& node, Reading& to) {
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
      to.faults.fault(node.place(), node.path() + ": '${' is not closed", "write ${NAME}, or $${ for a plain ${");
      return {};
    }
    text += rest.substr(0, at) + meaning_of(node, rest.substr(at + 2, end - at - 2), to);
    rest.erase(0, end + 1);
  }
  return text + rest;
}

}  // namespace

Named with_secrets(const Node& root, const std::vector<std::string>& sections, Faults& faults) {
  Reading reading{faults, {}};
  auto read = root.mapped([&](const Node& node) {
    auto section = node.path().substr(0, node.path().find('.'));
    bool wanted = std::find(sections.begin(), sections.end(), section) != sections.end();
    return wanted ? expanded(node, reading) : node.scalar();
  });
  return {std::move(read), std::move(reading.variables)};
}

}  // namespace loom::config
