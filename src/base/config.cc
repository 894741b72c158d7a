#include "base/config.h"

#include <algorithm>
#include <cctype>

#include "base/bytes.h"

extern char** environ;

namespace loom::config {

std::string to_string(const Place& place) {
  return place.line > 0 ? place.file + ":" + std::to_string(place.line) : place.file;
}

void Faults::fault(Place place, std::string message, std::string remedy) {
  all_.push_back({Severity::fault, std::move(place), std::move(message), std::move(remedy)});
}

void Faults::warn(Place place, std::string message, std::string remedy) {
  all_.push_back({Severity::warning, std::move(place), std::move(message), std::move(remedy)});
}

bool Faults::any_fault() const {
  return std::any_of(all_.begin(), all_.end(), [](const Fault& fault) { return fault.severity == Severity::fault; });
}

std::string Faults::text() const {
  std::string text;
  for (const auto& fault : all_) {
    text += fault.severity == Severity::fault ? "fault  " : "warning  ";
    auto place = to_string(fault.place);
    if (!place.empty()) text += place + ": ";
    text += fault.message;
    if (!fault.remedy.empty()) text += "; " + fault.remedy;
    text += '\n';
  }
  return text;
}

Environment Environment::of_process() {
  Environment environment;
  for (char** entry = environ; entry && *entry; ++entry) {
    std::string_view line(*entry);
    auto equals = line.find('=');
    if (!line.starts_with("LOOM_") || equals == std::string_view::npos) continue;
    environment.values.emplace(line.substr(0, equals), line.substr(equals + 1));
    environment.used.emplace(line.substr(0, equals), false);
  }
  return environment;
}

std::optional<std::string> Environment::take(const std::string& name) const {
  auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  used[name] = true;
  return found->second;
}

std::string environment_name(std::string_view section, std::string_view option) {
  std::string name = "LOOM_";
  auto append = [&name](std::string_view word) {
    for (char c : word) {
      auto letter = static_cast<unsigned char>(c);
      name += std::isalnum(letter) ? static_cast<char>(std::toupper(letter)) : '_';
    }
  };
  append(section);
  if (!section.empty()) name += '_';
  append(option);
  return name;
}

namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// A wrong secret must not end up in a log.
bool may_be_shown(std::string_view name, std::string_view value) {
  constexpr std::size_t longest = 80;
  std::string lower;
  for (char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (std::string_view secret : {"password", "secret", "token", "key", "url", "credential"}) {
    if (lower.find(secret) != std::string::npos) return false;
  }
  return value.size() <= longest;
}

}  // namespace

void refuse_unknown(const Node& node, const std::vector<std::string>& known, Faults& faults) {
  if (!node.present() || node.kind() == Node::Kind::null) return;
  if (!node.is_map()) {
    faults.fault(node.place(), node.path() + " is no map of options",
                 "write 'name: value' lines; known are " + listed(known));
    return;
  }
  for (const auto& [name, value] : node.members()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto near = nearest(name, known);
    auto remedy = near.empty() ? "known are " + listed(known) : "did you mean '" + near + "'?";
    auto owner = node.path().empty() ? std::string() : node.path() + ": ";
    faults.fault(value.place(), owner + "unknown option '" + name + "'", remedy);
  }
}

void wrong_value(const Node& node, const std::string& name, const std::string& wrong, Faults& faults) {
  auto message = node.path().empty() ? name : node.path();
  if (node.is_scalar() && may_be_shown(message, node.scalar())) message += " '" + node.scalar() + "'";
  faults.fault(node.place(), message + " " + wrong, "write a value that fits");
}

}  // namespace loom::config
