// Configuration files, read with places: every node knows its file and line, every fault names them and the remedy,
// and all faults are reported at once. Options are declared once (`Options<S>`): parser, checker, printer, environment
// override and documentation come from that declaration.
//   struct Api { std::string listen = "127.0.0.1:8000"; Bytes max_body{16 << 20}; };
//   Options<Api> api_options() {
//     return Options<Api>("api").add("listen", &Api::listen, "address and port to listen on")
//                               .add("max_body", &Api::max_body, "largest request body", at_least(1024));
//   }
//   Api api = api_options().read(root["api"], faults, environment);
// Threads: read once at start; everything is a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loom/error.h"

namespace loom::config {

struct Place {
  std::string file;
  int line = 0;  // from 1; 0 = unknown
};
[[nodiscard]] std::string to_string(const Place& place);  // "loom.yaml:14"

enum class Severity { fault, warning };
struct Fault {
  Severity severity = Severity::fault;
  Place place;
  std::string message;  // names the thing: "stages.vad.use: unknown stage 'vda'"
  std::string remedy;   // "did you mean 'vad'?"
};
class Faults {
 public:
  void fault(Place place, std::string message, std::string remedy = {});
  void warn(Place place, std::string message, std::string remedy = {});
  [[nodiscard]] bool any_fault() const;
  [[nodiscard]] const std::vector<Fault>& all() const { return all_; }
  /// One line each: "fault  loom.yaml:14: message; remedy".
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Fault> all_;
};

/// A node of a YAML file; an absent one is legal and says so. Cheap to copy; shares the parsed file.
class Node {
 public:
  enum class Kind { absent, null, scalar, sequence, map };
  Node() = default;
  /// Parses text; a syntax error or a duplicate key becomes a fault and the node is absent.
  static Node parse(std::string_view text, const std::string& file, Faults& faults);
  static Node load(const std::string& path, Faults& faults);
  /// A plain scalar that comes from no file (an environment variable).
  static Node of_scalar(Place place, std::string path, std::string value);
  /// The same tree, the text of each scalar given anew.
  [[nodiscard]] Node mapped(const std::function<std::string(const Node&)>& text_of) const;

  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool present() const { return kind() != Kind::absent; }
  [[nodiscard]] bool is_map() const { return kind() == Kind::map; }
  [[nodiscard]] bool is_scalar() const { return kind() == Kind::scalar; }
  [[nodiscard]] bool is_sequence() const { return kind() == Kind::sequence; }
  [[nodiscard]] std::string scalar() const;                                 // "" unless a scalar
  [[nodiscard]] bool quoted() const;                                        // a scalar in quotes: always a string
  [[nodiscard]] Node operator[](std::string_view key) const;                // absent when not there
  [[nodiscard]] std::vector<std::pair<std::string, Node>> members() const;  // in file order
  [[nodiscard]] std::vector<Node> elements() const;
  /// This map with the members of `over` instead of its own of the same name, maps within likewise; place and path are
  /// those of `over`, so that what is wrong is told where it was written.
  [[nodiscard]] Node with(const Node& over) const;
  [[nodiscard]] Place place() const;
  [[nodiscard]] const std::string& path() const;  // "stages.moondream-ocr-consumer.engine"

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// 8MiB, 64KiB, 1GB, 512; 7d, 12h, 30m, 5s, 250ms. Text round-trips.
struct Bytes {
  std::uint64_t count = 0;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};
using Milliseconds = std::chrono::milliseconds;
[[nodiscard]] std::optional<Bytes> parse_bytes(std::string_view text);
[[nodiscard]] std::optional<Milliseconds> parse_duration(std::string_view text);  // "0" and "forever" (-1 ms) too
[[nodiscard]] std::string to_string(Bytes bytes);
[[nodiscard]] std::string to_string(Milliseconds duration);

/// Reads one value; returns what is wrong ("is no whole number"), nullopt when fine. One overload a type.
std::optional<std::string> read_value(const Node& node, std::string& to);
std::optional<std::string> read_value(const Node& node, bool& to);
std::optional<std::string> read_value(const Node& node, std::int64_t& to);
std::optional<std::string> read_value(const Node& node, int& to);
std::optional<std::string> read_value(const Node& node, double& to);
std::optional<std::string> read_value(const Node& node, Bytes& to);
std::optional<std::string> read_value(const Node& node, Milliseconds& to);
std::optional<std::string> read_value(const Node& node, std::vector<std::string>& to);
std::optional<std::string> read_value(const Node& node, std::map<std::string, std::string>& to);
std::string print_value(const std::string& value);
std::string print_value(bool value);
std::string print_value(std::int64_t value);
std::string print_value(int value);
std::string print_value(double value);
std::string print_value(Bytes value);
std::string print_value(Milliseconds value);
std::string print_value(const std::vector<std::string>& value);
std::string print_value(const std::map<std::string, std::string>& value);

/// LOOM_<SECTION>_<KEY> variables, as name → value; `used` collects what was read, to find unknown ones.
struct Environment {
  std::map<std::string, std::string> values;
  mutable std::map<std::string, bool> used;
  static Environment of_process();
  [[nodiscard]] std::optional<std::string> take(const std::string& name) const;
};

struct OptionDoc {
  std::string name, fallback, help, environment;
};

template <class S>
class Options {
 public:
  /// `section` is the environment's middle word and the documentation's heading: "kafka" → LOOM_KAFKA_BOOTSTRAP.
  explicit Options(std::string section) : section_(std::move(section)) {}

  template <class T>
  using Check = std::function<std::optional<std::string>(const T&)>;  // what is wrong, nullopt when fine

  template <class T>
  Options& add(std::string name, T S::*member, std::string help, Check<std::type_identity_t<T>> check = {}) {
    Entry entry;
    entry.doc = {name, print_value(S{}.*member), std::move(help), environment_name(name)};
    entry.read = [member, check](const Node& node, S& to) -> std::optional<std::string> {
      if (auto wrong = read_value(node, to.*member)) return wrong;
      return check ? check(to.*member) : std::nullopt;
    };
    entries_.push_back(std::move(entry));
    return *this;
  }

  /// Members that something else reads (a nested section): known, so that they are no unknown key.
  Options& also(std::string name) {
    others_.push_back(std::move(name));
    return *this;
  }

  /// Faults go to `faults`; what is absent keeps its default. `environment` may be null (stages have no override).
  [[nodiscard]] S read(const Node& node, Faults& faults, const Environment* environment = nullptr) const;
  [[nodiscard]] std::vector<OptionDoc> docs() const;
  [[nodiscard]] const std::string& section() const { return section_; }

 private:
  struct Entry {
    OptionDoc doc;
    std::function<std::optional<std::string>(const Node&, S&)> read;
  };
  [[nodiscard]] std::string environment_name(const std::string& name) const;
  std::string section_;
  std::vector<Entry> entries_;
  std::vector<std::string> others_;
};

[[nodiscard]] std::string environment_name(std::string_view section, std::string_view option);
/// Faults for members of `node` that are not in `known`, each with the nearest name.
void refuse_unknown(const Node& node, const std::vector<std::string>& known, Faults& faults);
void wrong_value(const Node& node, const std::string& name, const std::string& wrong, Faults& faults);
[[nodiscard]] Node environment_node(const std::string& name, const std::string& value);

template <class S>
std::string Options<S>::environment_name(const std::string& name) const {
  return config::environment_name(section_, name);
}

template <class S>
S Options<S>::read(const Node& node, Faults& faults, const Environment* environment) const {
  S to;
  std::vector<std::string> known = others_;
  for (const auto& entry : entries_) {
    known.push_back(entry.doc.name);
    auto value = node[entry.doc.name];
    if (environment) {
      if (auto set = environment->take(entry.doc.environment)) value = environment_node(entry.doc.environment, *set);
    }
    if (!value.present()) continue;
    if (auto wrong = entry.read(value, to)) wrong_value(value, entry.doc.name, *wrong, faults);
  }
  refuse_unknown(node, known, faults);
  return to;
}

template <class S>
std::vector<OptionDoc> Options<S>::docs() const {
  std::vector<OptionDoc> docs;
  for (const auto& entry : entries_) docs.push_back(entry.doc);
  return docs;
}

template <class T>
auto at_least(T least) {
  return [least](const auto& value) -> std::optional<std::string> {
    if constexpr (requires { value.count; }) {
      if (value.count < static_cast<std::uint64_t>(least))
        return "must be at least " + std::to_string(least) + " bytes";
    } else {
      if (value < least) return "must be at least " + print_value(least);
    }
    return std::nullopt;
  };
}

}  // namespace loom::config
