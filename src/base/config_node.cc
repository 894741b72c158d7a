// YAML becomes own nodes once, at parsing: nothing of the parser's shared, mutable state stays.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "base/config.h"

namespace loom::config {

namespace {

constexpr std::size_t most_bytes = std::size_t{32} << 20;  // aliases of aliases grow without bound
constexpr std::size_t deepest = 100;

int line_of(const YAML::Mark& mark) { return mark.is_null() ? 0 : mark.line + 1; }

/// Counts documents, and keeps where the second has its first node.
struct Documents final : YAML::EventHandler {
  using Mark = YAML::Mark;
  using Anchor = YAML::anchor_t;
  using Style = YAML::EmitterStyle::value;
  int count = 0;
  Mark second = Mark::null_mark();
  void node(const Mark& mark) {
    if (count == 2 && second.is_null()) second = mark;
  }
  void OnDocumentStart(const Mark&) override { ++count; }
  void OnDocumentEnd() override {}
  void OnNull(const Mark& mark, Anchor) override { node(mark); }
  void OnAlias(const Mark& mark, Anchor) override { node(mark); }
  void OnScalar(const Mark& mark, const std::string&, Anchor, const std::string&) override { node(mark); }
  void OnSequenceStart(const Mark& mark, const std::string&, Anchor, Style) override { node(mark); }
  void OnSequenceEnd() override {}
  void OnMapStart(const Mark& mark, const std::string&, Anchor, Style) override { node(mark); }
  void OnMapEnd() override {}
};

/// The first two at most: the parser makes no end of documents where a stray token stands between them.
Documents documents_of(const std::string& text) {
  std::istringstream input(text);
  YAML::Parser parser(input);
  Documents documents;
  while (documents.count < 2 && parser.HandleNextDocument(documents)) {
  }
  return documents;
}

std::string joined(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

}  // namespace

struct Node::State {
  Kind kind = Kind::absent;
  Place place{};
  std::string path{};
  std::string scalar{};
  bool quoted = false;
  std::vector<std::pair<std::string, Node>> children{};  // of a sequence: without names

  static Node node(State state) {
    Node node;
    node.state_ = std::make_shared<const State>(std::move(state));
    return node;
  }
  class Reading;
};

// Copies the parser's nodes and finds what YAML allows but a configuration must not have.
class Node::State::Reading {
 public:
  Reading(const std::string& file, Faults& faults) : file_(file), faults_(faults) {}

  Node read(const YAML::Node& from, int line, const std::string& path) {
    State to{.kind = Kind::null, .place = {file_, line}, .path = path};
    if (!readable(from, to)) return node(std::move(to));
    within_.push_back(from);
    if (from.IsScalar()) read_scalar(from, to);
    if (from.IsSequence()) read_sequence(from, to);
    if (from.IsMap()) read_map(from, to);
    within_.pop_back();
    return node(std::move(to));
  }

 private:
  bool readable(const YAML::Node& from, const State& to) {
    bytes_ += sizeof(State) + to.path.size() + (from.IsScalar() ? from.Scalar().size() : 0);
    if (bytes_ > most_bytes) {
      if (!std::exchange(too_large_, true)) faults_.fault(to.place, "the file grows too large", "use fewer aliases");
      return false;
    }
    if (within_.size() == deepest) {
      faults_.fault(to.place, to.path + " is nested too deeply", "write it flatter");
      return false;
    }
    if (std::any_of(within_.begin(), within_.end(), [&](const auto& outer) { return outer.is(from); })) {
      faults_.fault(to.place, to.path + " is an alias within its own anchor", "write out what it stands for");
      return false;
    }
    return true;
  }

  void read_scalar(const YAML::Node& from, State& to) {
    to.kind = Kind::scalar;
    to.scalar = from.Scalar();
    to.quoted = from.Tag() == "!" || from.Tag() == "tag:yaml.org,2002:str";
  }

  void read_sequence(const YAML::Node& from, State& to) {
    to.kind = Kind::sequence;
    for (const auto& element : from) {
      int line = line_of(element.Mark());
      auto path = joined(to.path, std::to_string(to.children.size()));
      to.children.emplace_back("", read(element, line ? line : to.place.line, path));
    }
  }

  void read_map(const YAML::Node& from, State& to) {
    to.kind = Kind::map;
    std::map<std::string, int> seen;
    for (const auto& member : from) {
      Place place{file_, line_of(member.first.Mark())};
      if (!member.first.IsScalar()) {
        faults_.fault(place, joined(to.path, "a key") + " is no plain word", "write keys as 'name: value'");
        continue;
      }
      const auto& name = member.first.Scalar();
      auto path = joined(to.path, name);
      auto [first, fresh] = seen.emplace(name, place.line);
      if (!fresh) {
        faults_.fault(place, path + " is there twice",
                      "keep one; the other is on line " + std::to_string(first->second));
        continue;
      }
      to.children.emplace_back(name, read(member.second, place.line, path));
    }
  }

  const std::string& file_;
  Faults& faults_;
  std::vector<YAML::Node> within_{};
  std::size_t bytes_ = 0;
  bool too_large_ = false;
};

Node Node::parse(std::string_view text, const std::string& file, Faults& faults) {
  auto faults_before = faults.all().size();
  try {
    // The parser takes a line break at the file's end for the end of an unclosed quote, which swallows what follows
    // the quote: without that break it sees the fault.
    (void)documents_of(std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1)));
    auto documents = documents_of(std::string(text));
    if (documents.count > 1) {
      faults.fault({file, line_of(documents.second)}, "the file has more than one YAML document", "keep one");
    }
    auto root = State::Reading(file, faults).read(YAML::Load(std::string(text)), 1, "");
    if (faults.all().size() == faults_before) return root;
  } catch (const YAML::Exception& wrong) {
    faults.fault({file, line_of(wrong.mark)}, "the YAML is wrong: " + wrong.msg, "mend the syntax at this line");
  } catch (const std::exception& wrong) {  // nesting too deep
    faults.fault({file, 0}, std::string("the YAML cannot be read: ") + wrong.what(), "write it flatter");
  }
  return State::node({.kind = Kind::absent, .place = {file, 0}});
}

Node Node::load(const std::string& path, Faults& faults) {
  errno = 0;
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open() || std::filesystem::is_directory(path, ignored)) {
    auto reason = std::string(errno ? std::strerror(errno) : "it is a directory");
    faults.fault({path, 0}, "the file cannot be read: " + reason, "name an existing file that may be read");
    return State::node({.kind = Kind::absent, .place = {path, 0}});
  }
  return parse(std::string(std::istreambuf_iterator<char>(file), {}), path, faults);
}

Node Node::of_scalar(Place place, std::string path, std::string value) {
  return State::node(
      {.kind = Kind::scalar, .place = std::move(place), .path = std::move(path), .scalar = std::move(value)});
}

Node Node::mapped(const std::function<std::string(const Node&)>& text_of) const {
  if (!state_) return *this;
  auto to = *state_;
  if (is_scalar()) to.scalar = text_of(*this);
  for (auto& [name, child] : to.children) child = child.mapped(text_of);
  return State::node(std::move(to));
}

Node environment_node(const std::string& name, const std::string& value) {
  return Node::of_scalar({"environment", 0}, name, value);
}

Node::Kind Node::kind() const { return state_ ? state_->kind : Kind::absent; }
std::string Node::scalar() const { return is_scalar() ? state_->scalar : std::string(); }
bool Node::quoted() const { return is_scalar() && state_->quoted; }
Place Node::place() const { return state_ ? state_->place : Place{}; }

const std::string& Node::path() const {
  static const std::string none;
  return state_ ? state_->path : none;
}

Node Node::operator[](std::string_view key) const {
  if (is_map()) {
    for (const auto& [name, node] : state_->children) {
      if (name == key) return node;
    }
  }
  // Absent, but it still says where it would have been.
  return State::node({.kind = Kind::absent, .place = place(), .path = joined(path(), std::string(key))});
}

Node Node::with(const Node& over) const {
  if (!over.is_map()) return over.present() ? over : *this;
  State to{.kind = Kind::map, .place = over.place(), .path = over.path()};
  for (const auto& [name, own] : members())
    to.children.emplace_back(name, own.is_map() || !over[name].present() ? own.with(over[name]) : over[name]);
  for (const auto& [name, node] : over.members())
    if (!(*this)[name].present()) to.children.emplace_back(name, node);
  return State::node(std::move(to));
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  return is_map() ? state_->children : std::vector<std::pair<std::string, Node>>{};
}

std::vector<Node> Node::elements() const {
  std::vector<Node> nodes;
  if (!is_sequence()) return nodes;
  for (const auto& child : state_->children) nodes.push_back(child.second);
  return nodes;
}

}  // namespace loom::config
