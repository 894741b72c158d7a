#include "model/reading.h"

#include <algorithm>
#include <cctype>

#include "base/bytes.h"
#include "loom/json.h"

namespace loom::model {
namespace {

constexpr std::size_t longest_topic = 249;  // Kafka's
constexpr std::size_t longest_group = longest_topic - std::string_view("drops.").size();

bool is_kafka_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

std::optional<std::string> wrong_name(const std::string& what, const std::string& name, std::size_t longest) {
  if (name.empty()) return "is an empty name; name a " + what;
  if (name == "." || name == "..") return "is a name that Kafka refuses";
  if (name.size() > longest)
    return "is " + std::to_string(name.size()) + " characters long; the limit is " + std::to_string(longest);
  if (!std::all_of(name.begin(), name.end(), is_kafka_char))
    return "has other characters than letters, digits, '.', '_' and '-', as no " + what + " may";
  return std::nullopt;
}

bool is_json_number(std::string_view text) {
  if (text.empty() || !(text[0] == '-' || std::isdigit(static_cast<unsigned char>(text[0])))) return false;
  json::Document document;
  auto value = document.parse("[" + std::string(text) + "]");
  return value && value->at(0) && value->at(0)->number().has_value();
}

std::string json_of_scalar(const config::Node& node) {
  auto text = node.scalar();
  if (!node.quoted()) {
    if (text == "true" || text == "false" || text == "null" || is_json_number(text)) return text;
    if (text.empty() || text == "~") return "null";
  }
  std::string json;
  json::append_string(json, text);
  return json;
}

}  // namespace

bool is_section(const config::Node& node, config::Faults& faults) {
  if (node.is_map()) return true;
  if (node.present() && node.kind() != config::Node::Kind::null)
    faults.fault(node.place(), node.path() + ": is no map", "write it as 'key: value' lines");
  return false;
}

std::optional<std::string> wrong_topic_name(const std::string& name) {
  return wrong_name("topic", name, longest_topic);
}
std::optional<std::string> wrong_group_name(const std::string& name) {
  return wrong_name("consumer group", name, longest_group);
}
std::optional<std::string> wrong_type_name(const std::string& name) {
  return wrong_name("message type", name, longest_topic);
}

std::string near_or_all(const std::string& typed, const std::vector<std::string>& known) {
  auto near = nearest(typed, known);
  if (!near.empty()) return "did you mean '" + near + "'?";
  if (known.empty()) return "there is none yet";
  std::string all;
  for (const auto& name : known) all += (all.empty() ? "use one of " : ", ") + name;
  return all;
}

std::function<std::optional<std::string>(const std::string&)> one_of(std::vector<std::string> known) {
  return [known = std::move(known)](const std::string& value) -> std::optional<std::string> {
    if (std::find(known.begin(), known.end(), value) != known.end()) return std::nullopt;
    std::string all;
    for (const auto& name : known) all += (all.empty() ? "" : ", ") + name;
    auto near = nearest(value, known);
    return "is none of " + all + (near.empty() ? "" : "; did you mean '" + near + "'?");
  };
}

std::vector<config::OptionDoc> without_environment(std::vector<config::OptionDoc> docs) {
  for (auto& doc : docs) doc.environment.clear();
  return docs;
}

std::string json_of(const config::Node& node) {
  if (node.is_scalar()) return json_of_scalar(node);
  std::string text;
  if (node.is_sequence()) {
    for (const auto& element : node.elements()) text += (text.empty() ? "" : ",") + json_of(element);
    return "[" + text + "]";
  }
  if (!node.is_map()) return "null";
  for (const auto& [key, value] : node.members()) {
    if (!text.empty()) text += ',';
    json::append_string(text, key);
    text += ':' + json_of(value);
  }
  return "{" + text + "}";
}

}  // namespace loom::model
